"""A lock for the writers of a file, held by one thread of one process at a time; it goes with its holder, however that dies."""

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from moetui.core.errors import CatalogueError

_RETRY_SECONDS = 0.003


class WriteLock:
    """A flock on a file of its own. The file that it guards cannot carry it: each write replaces that one by another."""

    def __init__(self, path: Path, timeout: float) -> None:
        """`timeout`: seconds to wait for other writers."""
        self.path = path
        self._timeout = timeout
        self._thread = threading.Lock()  # NFS makes a flock the whole process's, which keeps no thread out
        self._owner: int | None = None

    @property
    def mine(self) -> bool:
        """Whether the calling thread holds the lock."""
        return self._owner == threading.get_ident()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep all other threads and processes out. Raises `CatalogueError` when that takes too long or cannot be."""
        deadline = time.monotonic() + self._timeout
        if not self._thread.acquire(timeout=self._timeout):
            raise self._busy()
        try:
            with self._open() as descriptor:
                self._wait(descriptor, deadline)
                self._owner = threading.get_ident()
                try:
                    yield
                finally:
                    self._owner = None
                    fcntl.flock(
                        descriptor, fcntl.LOCK_UN
                    )  # closing alone would not do, had a forked child the descriptor
        finally:
            self._thread.release()

    @contextlib.contextmanager
    def _open(self) -> Iterator[int]:
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise self._impossible(error) from None
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _wait(self, descriptor: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise self._busy() from None
                time.sleep(_RETRY_SECONDS)  # flock has no time limit of its own
            except OSError as error:
                raise self._impossible(error) from None
            else:
                return

    def _busy(self) -> CatalogueError:
        return CatalogueError(
            f"{self.path}: held by another writer for {self._timeout:g} s; nothing was changed, try again"
        )

    def _impossible(self, error: OSError) -> CatalogueError:
        return CatalogueError(f"{self.path}: cannot take this lock: {error.strerror}; nothing was changed")
