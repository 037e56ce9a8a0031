"""The records of a run that count, read from its metrics file while the run goes on."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from engine.runfiles.metrics import MetricsReader, Record
from engine.runfiles.sessions import Sessions


class History:
    """The measurements of one run as records; `moetui.core.runs.curves` has them as arrays."""

    def __init__(self, path: Path) -> None:
        self._reader = MetricsReader(path)
        self._sessions = Sessions()
        self._session: int | None = None  # of the record read last
        self.records: list[Record] = []
        """All records that count, in the order of the file."""
        self.added: list[Record] = []
        """What the last `refresh` has read."""

    def refresh(self) -> bool:
        """Read what was added since the last call; True if anything has changed. Raises `OSError`."""
        self.added = self._reader.read()
        if self._reader.replaced:
            self.records, self._sessions, self._session = [], Sessions(), None
        self.take(self.added)
        return bool(self.added) or self._reader.replaced

    def take(self, records: Iterable[Record]) -> None:
        """Add records, in the order in which they were recorded."""
        records = list(records)
        sessions = [record.get("session", 1) for record in records]
        several = len(set(sessions)) > 1  # seldom, and there may be a million
        turns = (at for at in range(1, len(records)) if sessions[at] != sessions[at - 1])
        for start, stop in pairwise([0, *(turns if several else ()), len(records)] if records else []):
            if sessions[start] != self._session:
                self._session = sessions[start]
                self._begin(sessions[start], records[start]["update"])
            self.records += records[start:stop]

    def _begin(self, session: int, update: int) -> None:
        replaced = self._sessions.enter(session, update)
        if replaced is not None:
            self.records = [old for old in self.records if not replaced.covers(old.get("session", 1), old["update"])]


def read_records(path: Path) -> list[Record]:
    """The records of a metrics file that count, in the order of the file. Raises `OSError`."""
    history = History(path)
    history.refresh()
    return history.records
