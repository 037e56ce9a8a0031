"""The catalogue of runs: runs.json as typed records, safe to share between processes and threads.

The catalogue is an index over the run directories, which are the truth. The file is a TinyDB database with one table, `runs`,
whose document ids are the run ids. It is made to be read: one key per line, in the order of `RunRecord`'s fields, nothing empty.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tinydb.table import Table

from moetui.core.catalogue.documents import Document, View, to_document, to_view
from moetui.core.catalogue.records import RunRecord
from moetui.core.catalogue.salvage import Salvaged, salvage
from moetui.core.catalogue.storage import LockedStorage, Snapshot
from moetui.core.errors import CatalogueError, DamagedCatalogueError, NotFoundError

TABLE = "runs"


class _RunTable(Table):
    document_id_class = str  # type: ignore[assignment]  # TinyDB counts by default, and two processes count alike

    def __init__(self, storage: LockedStorage) -> None:
        # TinyDB's cache of query results does not notice the writes of other processes.
        super().__init__(storage, TABLE, cache_size=0)

    def documents(self) -> dict[str, Document]:
        return self._read_table()  # type: ignore[return-value]

    def edit(self, change: Callable[[dict[str, Document]], None]) -> None:
        """Let `change` add, replace and remove documents; it must not change one in place, since readers share them."""
        self._update_table(change)  # type: ignore[arg-type]  # TinyDB's annotations know number ids only


class Catalogue:
    """The records in one runs.json. A file that is missing holds none; one without a byte is damaged.

    Every method raises `CatalogueError` if the file cannot be read, locked or written, and `DamagedCatalogueError` if it is not
    a catalogue; the file then stays as it was, byte for byte. Reading takes no lock. Every writing method is one transaction.

    A document that is no valid record is passed over and named by `faults`. It stays in the file as it is until a record of the
    same id takes its place.
    """

    def __init__(self, path: Path, lock_timeout: float = 10.0) -> None:
        """`lock_timeout`: seconds that a writer waits for other writers."""
        self.path = path
        self._storage = LockedStorage(path, lock_timeout)
        self._table = _RunTable(self._storage)
        self._view = View()
        self._seen: Snapshot | None = None

    def all(self) -> list[RunRecord]:
        """Every record, in the order of the file; read again only if the file has changed."""
        seen = self._storage.snapshot()
        records = list(self._records().values())
        self._seen = seen
        return records

    def faults(self) -> tuple[str, ...]:
        """What is wrong with each document that is passed over, as far as the file was read last."""
        return tuple(
            f"{self.path}: record {key}: {fault}; it is passed over" for key, fault in self._view.faults.items()
        )

    def changed(self) -> bool:
        """Whether the file has changed since `all` was last called, by whomever; one stat."""
        return self._seen is None or self._seen.stamp != self._storage.stamp()

    def get(self, run_id: str) -> RunRecord | None:
        """The record of one run, or None."""
        return self._records().get(run_id)

    def add(self, records: Iterable[RunRecord]) -> None:
        """Add new records, all or none. Raises `CatalogueError` for an id that is there already."""

        def insert(documents: dict[str, Document]) -> None:
            for record in records:
                if record.id in documents:
                    raise CatalogueError(f"{self.path}: run {record.id} is there already; nothing was changed")
                documents[record.id] = to_document(record)

        self._edit(insert)

    def put(self, records: Iterable[RunRecord]) -> None:
        """Add records, or replace the ones with the same ids."""
        fresh = {record.id: to_document(record) for record in records}
        self._edit(lambda documents: documents.update(fresh))

    def update(self, run_id: str, change: Callable[[RunRecord], RunRecord]) -> RunRecord:
        """Replace one record by what `change` makes of its present state, with nobody writing in between; returns the new one.

        Raises `NotFoundError` for an unknown id.
        """
        return self.update_many([run_id], change)[0]

    def update_many(self, run_ids: Iterable[str], change: Callable[[RunRecord], RunRecord]) -> list[RunRecord]:
        """`update` for many records in a single write, all or none; returns the new ones in the order of `run_ids`."""
        ids = list(run_ids)
        with self.transaction():
            records = self._records()
            for run_id in ids:
                if run_id not in records:
                    raise NotFoundError(f"{self.path}: no run {run_id}")
            changed = [change(records[run_id]) for run_id in ids]
            if [record.id for record in changed] != ids:
                raise ValueError("an update cannot change the id of a run")
            self.put(changed)
            records = self._records()
            return [records[run_id] for run_id in ids]

    def change(self, run_id: str, **fields: Any) -> RunRecord:
        """Set some fields of one record; returns the new one. Raises `NotFoundError` for an unknown id."""
        if unknown := fields.keys() - RunRecord.model_fields.keys():
            raise TypeError(f"RunRecord has no field {', '.join(sorted(unknown))}")
        return self.update(run_id, lambda record: record.model_copy(update=fields))

    def remove(self, run_ids: Iterable[str]) -> list[RunRecord]:
        """Remove records; returns those that were there, fit for `add` to undo it. Unknown ids are passed over."""
        with self.transaction():
            records = self._records()
            removed = [records[run_id] for run_id in dict.fromkeys(run_ids) if run_id in records]

            def delete(documents: dict[str, Document]) -> None:
                for record in removed:
                    del documents[record.id]

            self._edit(delete)
        return removed

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several steps one: others' writes wait, own reads see own writes, the file is written once, at the end.

        An exception leaves the file as it was. Keep it short, and start nothing in it that writes to the same catalogue.
        """
        with self._storage.transaction():
            yield

    def replace_all(self, records: Iterable[RunRecord]) -> Path | None:
        """Put these records in the place of all others, even if the file is damaged.

        What was there is kept beside it as `runs.json.kept-YYYYMMDD-HHMMSS`, or `damaged` instead of `kept` if it was; returns its
        path, None if nothing has changed. Raises `NewerCatalogueError` for a file of a newer version, which is left as it is.
        """
        fresh = {record.id: to_document(record) for record in records}
        with self.transaction():
            try:
                name = "damaged" if self._look().faults else "kept"
            except DamagedCatalogueError:
                name = "damaged"
            return self._storage.replace_keeping({TABLE: fresh}, name)

    def salvage(self) -> Salvaged:
        """Every record that can still be read of the file. Raises `NewerCatalogueError` for one of a newer version."""
        with contextlib.suppress(DamagedCatalogueError):
            self._storage.snapshot()
        return salvage(self._storage.raw())

    def _edit(self, change: Callable[[dict[str, Document]], None]) -> None:
        with self.transaction():
            self._table.edit(change)

    def _records(self) -> dict[str, RunRecord]:
        return self._look().records

    def _look(self) -> View:
        documents, view = self._table.documents(), self._view
        if documents is not view.documents:
            # Another thread may set its own view at any time, so this one goes on with the one that it has made.
            view = self._view = to_view(documents, view)
        return view
