"""What a process does on a full disk: it goes on, says so in the room that it kept, and writes when there is room again."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO, cast

from engine.runfiles.durable import sync_directory

RESERVE: Final = 64 * 1024
"""Bytes that a trainer keeps for its last word, result.json."""

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT))


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room on the disk, or that a quota is used up."""
    return isinstance(error, OSError) and error.errno in _FULL


def is_too_large(error: BaseException) -> bool:
    """Whether an error says that a file must not grow further, by a limit of the process or the file system; nothing heals it."""
    return isinstance(error, OSError) and error.errno == errno.EFBIG


class Reserve:
    """A file that holds room for a last word: on a full disk the word is written into it, and it takes the name of what it says."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self) -> None:
        """Take the room, if there is so much."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
            try:
                _write_all(descriptor, bytes(RESERVE))  # no hole: a hole has no room of its own
            except OSError:
                os.ftruncate(descriptor, 0)
            finally:
                os.close(descriptor)

    def give_up(self) -> None:
        """Give the room back."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def become(self, path: Path, raw: bytes) -> None:
        """Write `raw` into the room, and let that be the file `path`. Raises `OSError`."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            _write_all(descriptor, raw)
            os.ftruncate(descriptor, len(raw))
            os.fsync(descriptor)
            self._path.replace(path)
            sync_directory(path.parent)
        finally:
            os.close(descriptor)


def overwrite(path: Path, raw: bytes) -> None:
    """Write over a small JSON file in the room that it has, with spaces after a shorter text. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.pwrite(
            descriptor, raw.ljust(os.fstat(descriptor).st_size), 0
        )  # one call, so that no reader meets half of it
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, raw: bytes) -> None:
    rest = memoryview(raw)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class _Log:
    """A text stream to a descriptor. It drops what a full disk or a file at its limit does not take: a log must end nothing."""

    def __init__(self, stream: TextIO) -> None:
        stream.flush()
        self._descriptor = stream.fileno()
        self.encoding = "utf-8"

    def write(self, text: str) -> int:
        """Write the text at once, as far as there is room."""
        rest = memoryview(text.encode(errors="replace"))
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            if not (is_full(error) or is_too_large(error)):
                raise
        return len(text)

    def flush(self) -> None:
        """Nothing waits to be written."""

    def fileno(self) -> int:
        """The descriptor of the file."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether this is a terminal."""
        return os.isatty(self._descriptor)


@contextlib.contextmanager
def log_that_may_be_full(out: TextIO, error: TextIO) -> Iterator[None]:
    """Let what is printed on stdout and stderr meanwhile go to these streams, and be dropped where the disk is full."""
    with (
        contextlib.redirect_stdout(cast("TextIO", _Log(out))),
        contextlib.redirect_stderr(cast("TextIO", _Log(error))),
    ):
        yield
