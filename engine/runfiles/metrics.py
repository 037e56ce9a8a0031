"""The metrics of a run: an append-only file of one JSON record per line, written by one process and tailed by many.

A record has `update, tokens, seconds, session` and what else it knows (docs/formats.md lists the keys). JSON has no words for
non-finite numbers, so they are the strings "nan", "inf" and "-inf". A writer killed in the middle of a line leaves a torn tail:
readers stop at the last newline, and a writer that reopens the file ends the torn line first.
"""

import errno
import math
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from engine.runfiles.fulldisk import is_full

Record = dict[str, Any]

NUMBERS = frozenset(
    {"tokens", "seconds", "train_loss", "train_accuracy", "lr", "adamw_lr", "grad_norm", "tokens_per_second"}
    | {"val_loss", "val_accuracy", "val_perplexity", "eval_seconds", "router_entropy"}
)
"""The keys whose values are numbers; a line in which one is anything else is damaged."""

_NUMBER = frozenset((int, float, type(None)))

_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def encode(value: Any) -> Any:
    """Replace non-finite numbers, at any depth, by their words."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    return value


def decode(value: Any) -> Any:
    """Undo `encode` for a number or a list of numbers."""
    if isinstance(value, str):
        return _WORDS.get(value, value)
    if isinstance(value, list):
        return [decode(item) for item in value]
    return value


KEPT = 16 * 2**20
"""Bytes of records that are kept in memory while the disk is full: hours of training."""


class MetricsWriter:
    """Appends records to a metrics file; each is on disk's way when `write` returns, unless the disk is `full`.

    Then up to `KEPT` bytes wait in memory, and are written before whatever comes next.
    """

    def __init__(self, path: Path) -> None:
        self._waiting = bytearray()
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            self._waiting += b"\n"

    @property
    def full(self) -> bool:
        """Whether records wait for room on the disk."""
        return bool(self._waiting)

    def write(self, record: Record) -> None:
        """Append one record. Raises `OSError` if the disk fails, or is full and too much waits already."""
        self._waiting += orjson.dumps(encode(record), option=orjson.OPT_APPEND_NEWLINE)
        self._write_waiting()
        if len(self._waiting) > KEPT:
            raise OSError(
                errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}, and {KEPT >> 20} MB of measurements wait in memory"
            )

    def sync(self) -> None:
        """Wait until every record is on the disk, as far as there is room. Raises `OSError` if the disk fails otherwise."""
        self._write_waiting()
        try:
            os.fsync(self._fd)
        except OSError as error:
            if not is_full(error):
                raise

    def close(self) -> None:
        """Close the file, after a last attempt to write what waits."""
        try:
            self._write_waiting()
        finally:
            os.close(self._fd)

    def _write_waiting(self) -> None:
        try:
            while self._waiting:
                written = os.write(self._fd, self._waiting)
                del self._waiting[:written]
        except OSError as error:
            if not is_full(error):
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class MetricsReader:
    """Reads a metrics file as it grows; each call of `read` returns the whole records added since the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._inode: tuple[int, int] | None = None
        self.replaced = False

    def read(self) -> list[Record]:
        """New records, oldest first. A file that shrank or was replaced is read anew and sets `replaced`.

        Damaged lines are left out.
        """
        return parse_lines(self.read_lines())

    def read_lines(self, least: int = -1) -> bytes:
        """The new lines as they are, as far as they are whole: all of them, or as many as give `least` bytes. Sets `replaced`."""
        self.replaced = False
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                inode = (status.st_dev, status.st_ino)
                if status.st_size < self._offset or (self._inode is not None and inode != self._inode):
                    self._offset, self.replaced = 0, True
                self._inode = inode
                if status.st_size == self._offset:
                    return b""
                file.seek(self._offset)
                data = file.read(least) + file.readline()
        except (FileNotFoundError, IsADirectoryError):
            return b""
        end = data.rfind(b"\n") + 1
        self._offset += end
        return data[:end]


def parse_lines(lines: bytes) -> list[Record]:
    """The records of whole lines; damaged ones are left out."""
    return [record for line in lines.splitlines() if (record := _parse(line)) is not None]


def _parse(line: bytes) -> Record | None:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None  # the torn line of a killed writer
    if not isinstance(record, dict) or not whole(record):
        return None
    found = {key: decode(value) for key, value in record.items()}
    return found if all(type(found[key]) in _NUMBER for key in found.keys() & NUMBERS) else None


def whole(record: Record) -> bool:
    """Whether a line has its place in the run: an update that can be counted, and a session if it names one."""
    update, session = record.get("update"), record.get("session", 1)
    return type(update) is int and type(session) is int and 0 <= update < 2**53
