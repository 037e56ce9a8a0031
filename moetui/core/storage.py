"""A TinyDB storage for a file that many processes write and many more read.

A writer takes a lock on a side file (never on the file itself, which is replaced), reads what is there now, and puts a whole new
file in its place: temporary file, fsync, rename, fsync of the directory. A reader needs no lock and sees the old file or the new
one. Nothing that was read is ever changed in place, so after a write that failed memory is not ahead of the disk.
"""

import contextlib
import fcntl
import os
import secrets
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

from moetui.core.errors import CatalogueError, DamagedCatalogueError

Tables = dict[str, dict[str, Any]]
Stamp = tuple[int, int, int, int]

_RETRY_SECONDS = 0.003
_REBUILD = "`moetui reindex` rebuilds it"


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Snapshot:
    """The tables of one version of the file, never to be changed. `stamp` tells the version; None: there was no file."""

    stamp: Stamp | None
    tables: Tables


class LockedStorage(Storage):
    """Tables in a JSON file. Writes go through `transaction`; every method may be called from any thread."""

    def __init__(self, path: Path, lock_timeout: float = 10.0) -> None:
        """`lock_timeout`: seconds to wait for other writers."""
        self.path = path
        self._file = Path(
            os.path.realpath(path)
        )  # through a symlink: the link stays, and all who link here share a lock
        self.lock_path = self._file.with_name(f"{self._file.name}.lock")
        self._lock_timeout = lock_timeout
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._owner: int | None = None  # the thread inside `transaction`
        self._pending: Tables | None = None  # what that thread has written so far
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
        """The file as it is on the disk now; the same object while it has not changed.

        Raises `DamagedCatalogueError` for a file that is not JSON of the right shape, `CatalogueError` if it cannot be read.
        """
        with self._reading:
            stamp = self.stamp()
            if self._snapshot is None or self._snapshot.stamp != stamp:
                self._snapshot = self._load()
            return self._snapshot

    def read(self) -> Tables:
        """The tables; inside a transaction with what it has written so far. The outer dict is the caller's."""
        if self._pending is not None and self._mine():
            return dict(self._pending)
        return dict(self.snapshot().tables)

    def write(self, data: Tables) -> None:
        """Replace the tables when the transaction ends."""
        if not self._mine():
            raise RuntimeError("a write outside a transaction would undo the changes of others")
        self._pending = data

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep other writers out; all writes become one at the end, and none if there is an exception. May be nested."""
        if self._mine():
            yield
            return
        with self._exclusive():
            self._owner = threading.get_ident()
            try:
                yield
                if self._pending is not None:
                    self._commit(self._pending)
            finally:
                self._owner, self._pending = None, None

    def replace_damaged(self, data: Tables) -> Path:
        """Within a transaction: replace a file that cannot be read at once, and keep it under another name, which is returned."""
        aside = self._unused_name(time.strftime("damaged-%Y%m%d-%H%M%S"))
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

    def _unused_name(self, suffix: str) -> Path:
        names = (
            self._file.with_name(f"{self._file.name}.{suffix}{more}")
            for more in ("", *map("-{}".format, range(2, 100)))
        )
        return next(name for name in names if not name.exists())

    def _mine(self) -> bool:
        return self._owner == threading.get_ident()

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        deadline = time.monotonic() + self._lock_timeout
        if not self._writing.acquire(timeout=self._lock_timeout):
            raise self._locked()
        try:
            # Opened for each transaction, so that no forked child inherits the lock.
            try:
                descriptor = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except OSError as error:
                raise self._cannot("lock", error) from None
            try:
                self._wait_for_lock(descriptor, deadline)
                yield
            finally:
                os.close(descriptor)
        finally:
            self._writing.release()

    def _wait_for_lock(self, descriptor: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise self._locked() from None
                time.sleep(_RETRY_SECONDS)
            except OSError as error:
                raise self._cannot("lock", error) from None
            else:
                return

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
        if known is not None and known.stamp is not None and known.stamp == self.stamp() and known.tables == tables:
            return
        raw = orjson.dumps(tables, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        try:
            descriptor = self._replace(raw)
        except OSError as error:
            raise self._cannot("write", error) from None
        snapshot = _pin(Snapshot(_stamp(os.fstat(descriptor)), tables), descriptor)
        with self._reading:
            self._snapshot = snapshot

    def _replace(self, raw: bytes) -> int:
        """Put `raw` in the file's place, wholly or not at all, and return the descriptor of the new file."""
        name = self._file.name
        for leftover in self._file.parent.glob(f".{name}.*.tmp"):
            leftover.unlink(missing_ok=True)  # we hold the lock, so whoever wrote it was killed
        temporary = self._file.with_name(f".{name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            self._keep_mode_and_owner(descriptor)
            rest = memoryview(raw)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
            temporary.replace(self._file)
        except BaseException:
            os.close(descriptor)
            temporary.unlink(missing_ok=True)
            raise
        self._sync_directory()
        return descriptor

    def _keep_mode_and_owner(self, descriptor: int) -> None:
        try:
            old = self._file.stat()
        except FileNotFoundError:
            return
        if not os.access(self._file, os.W_OK):  # the rename needs no leave of the file, but its owner has said no
            raise PermissionError(13, "Permission denied")
        if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, old.st_uid, old.st_gid)
        os.fchmod(descriptor, old.st_mode & 0o777)

    def _sync_directory(self) -> None:
        # The new file is in place already; where a directory cannot be synced, a power cut may bring the old one back.
        with contextlib.suppress(OSError):
            descriptor = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _locked(self) -> CatalogueError:
        return CatalogueError(
            f"{self.path}: another process has held {self.lock_path} for {self._lock_timeout:g} s; nothing was changed, try again"
        )

    def _cannot(self, what: str, error: OSError) -> CatalogueError:
        at = self.lock_path if what == "lock" else self.path
        return CatalogueError(f"{at}: cannot {what} this file: {error.strerror}; nothing was changed")


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _pin(snapshot: Snapshot, descriptor: int) -> Snapshot:
    # As long as the file stays open its inode number goes to no other, so every replacement changes the stamp, even one of
    # the same size within the same tick of the clock.
    weakref.finalize(snapshot, os.close, descriptor)
    return snapshot


def _parse(raw: bytes, path: Path) -> Tables:
    if not raw.strip():
        return {}
    try:
        tables = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise DamagedCatalogueError(f"{path}: {_fault(raw, error)}; {_REBUILD}") from None
    if not isinstance(tables, dict):
        raise DamagedCatalogueError(f"{path}: not a catalogue, which is an object of tables; {_REBUILD}")
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise DamagedCatalogueError(f"{path}: table {name}: not an object of records; {_REBUILD}")
        for key, document in table.items():
            if not isinstance(document, dict):
                raise DamagedCatalogueError(f"{path}: table {name}, record {key}: not an object; {_REBUILD}")
    return tables


def _fault(raw: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as bad:  # for which orjson tells no position
        before = raw[: bad.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        return f"line {line}, column {column}: not UTF-8"
    return f"line {error.lineno}, column {error.colno}: {error.msg}"
