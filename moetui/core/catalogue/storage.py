"""A TinyDB storage for a file that many processes write and many more read.

A writer takes a lock, reads what is there now, and puts a whole new file in its place. A reader needs no lock. Nothing that was
read is ever changed in place, so after a write that failed memory is not ahead of the disk.
"""

import contextlib
import itertools
import os
import shutil
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from tinydb.storages import Storage

from moetui.core.catalogue.schema import marked, migrated
from moetui.core.catalogue.slices import load_in_slices
from moetui.core.catalogue.writelock import WriteLock
from moetui.core.errors import CatalogueError, DamagedCatalogueError
from moetui.core.wholefile import replace_file

Tables = dict[str, dict[str, Any]]
Stamp = tuple[int, int, int, int]  # device, inode, time of the last write in ns, size


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Snapshot:
    """The tables of one version of the file, never to be changed. `stamp` tells the version; None: there was no file."""

    stamp: Stamp | None
    tables: Tables


class LockedStorage(Storage):
    """Tables in a JSON file. Writes go through `transaction`; every method may be called from any thread.

    Raises `DamagedCatalogueError` for a file that is not JSON of the right shape, and `CatalogueError` if it cannot be read,
    locked or written.
    """

    def __init__(self, path: Path, lock_timeout: float) -> None:
        """`lock_timeout`: seconds to wait for other writers."""
        self.path = path
        # Through a symlink: the link stays one, and all who come through links share a lock.
        self._file = Path(os.path.realpath(path))
        self._lock = WriteLock(self._file.with_name(f"{self._file.name}.lock"), lock_timeout)
        self._reading = threading.Lock()
        self._pending: Tables | None = None  # what the transaction has written so far
        self._snapshot: Snapshot | None = None

    def stamp(self) -> Stamp | None:
        """What tells one version of the file from another, at the price of one stat; None where there is no file."""
        try:
            return _stamp(self._file.stat())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._cannot("read", error) from None

    def snapshot(self) -> Snapshot:
        """The file as it is on the disk now; the same object while it has not changed."""
        with self._reading:
            if self._snapshot is None or self._snapshot.stamp != self.stamp():
                self._snapshot = self._load()
            return self._snapshot

    def read(self) -> Tables:
        """The tables; inside a transaction with what it has written so far. The outer dict is the caller's."""
        if self._lock.mine and self._pending is not None:
            return dict(self._pending)
        return dict(self.snapshot().tables)

    def write(self, data: Tables) -> None:
        """Replace the tables when the transaction ends."""
        if not self._lock.mine:
            raise RuntimeError("a write outside a transaction would undo the changes of others")
        self._pending = data

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep other writers out; all writes become one at the end, and none if there is an exception. May be nested."""
        if self._lock.mine:
            yield
            return
        with self._lock.hold():
            try:
                yield
                if self._pending is not None:
                    self._commit(self._pending)
            finally:
                self._pending = None

    def replace_keeping(self, data: Tables, name: str) -> Path | None:
        """Within a transaction: at once replace the file, whatever it is, and keep it; returns its path, in which `name` stands.

        None if there is no file, or it holds the same already.
        """
        if self.stamp() is None:
            self._commit(data)
            return None
        with contextlib.suppress(DamagedCatalogueError):
            if self.snapshot().tables == data:
                return None
        aside = self._unused_name(f"{name}-{time.strftime('%Y%m%d-%H%M%S')}")
        try:
            try:
                aside.hardlink_to(self._file)
            except OSError:  # not every file system has links
                shutil.copy2(self._file, aside)
            self._commit(data)
        except BaseException as error:
            aside.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise self._cannot("set aside", error) from None
            raise
        return aside

    def raw(self) -> bytes:
        """The bytes of the file, whatever they are; none where there is no file."""
        try:
            return self._file.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise self._cannot("read", error) from None

    def _unused_name(self, suffix: str) -> Path:
        endings = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
        names = (self._file.with_name(f"{self._file.name}.{suffix}{ending}") for ending in endings)
        return next(name for name in names if not name.exists())

    def _load(self) -> Snapshot:
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return Snapshot(None, {})
        except OSError as error:
            raise self._cannot("read", error) from None
        try:
            # The stamp comes first: a file that somebody edits in place meanwhile then counts as changed at the next look.
            stamp = _stamp(os.fstat(descriptor))
            with open(descriptor, "rb", closefd=False) as file:
                snapshot = Snapshot(stamp, _parse(file.read(), self.path))
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, OSError):
                raise self._cannot("read", error) from None
            raise
        return _pin(snapshot, descriptor)

    def _commit(self, tables: Tables) -> None:
        known = self._snapshot
        if known is not None and known.stamp == self.stamp() and known.tables == tables:
            return
        try:
            raw = orjson.dumps(marked(tables), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        except orjson.JSONEncodeError as error:  # a document of somebody else's that is nested too deeply, for one
            raise CatalogueError(f"{self.path}: cannot write this file: {error}; it is as it was") from None
        try:
            descriptor = replace_file(self._file, raw)
        except OSError as error:
            raise self._cannot("write", error) from None
        snapshot = _pin(Snapshot(_stamp(os.fstat(descriptor)), tables), descriptor)
        with self._reading:
            self._snapshot = snapshot

    def _cannot(self, what: str, error: OSError) -> CatalogueError:
        return CatalogueError(f"{self.path}: cannot {what} this file: {error.strerror}; it is as it was")


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _pin(snapshot: Snapshot, descriptor: int) -> Snapshot:
    # While the file is open its inode number goes to no other, so every replacement changes the stamp, even one of the same
    # size within the same tick of the clock.
    weakref.finalize(snapshot, os.close, descriptor)
    return snapshot


def _parse(raw: bytes, path: Path) -> Tables:
    if not raw.strip():
        raise DamagedCatalogueError(path, "the file is empty, as a write that was cut off leaves it")
    try:
        tables = load_in_slices(raw) or orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise DamagedCatalogueError(path, _fault(raw, error)) from None
    if not isinstance(tables, dict):
        raise DamagedCatalogueError(path, "not a catalogue, which is an object of tables")
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise DamagedCatalogueError(path, f"table {name}: not an object of records")
        for key, document in table.items():
            if not isinstance(document, dict):
                raise DamagedCatalogueError(path, f"table {name}, record {key}: not an object")
    return migrated(tables, path)


def _fault(raw: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as bad:  # for which orjson tells no position
        before = raw[: bad.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        return f"line {line}, column {column}: not UTF-8"
    return f"line {error.lineno}, column {error.colno}: {error.msg}"
