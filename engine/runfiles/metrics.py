"""The metrics of a run: an append-only file of one JSON record per line, written by one process and tailed by many.

A record has `update, tokens, seconds, session` and what else it knows (docs/formats.md lists the keys). JSON has no words for
non-finite numbers, so they are the strings "nan", "inf" and "-inf". A writer killed in the middle of a line leaves a torn tail:
readers stop at the last newline, and a writer that reopens the file ends the torn line first.
"""

import contextlib
import errno
import math
import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from engine.runfiles.durable import sync_directory
from engine.runfiles.fulldisk import is_full

Record = dict[str, Any]

KEPT = 16 * 2**20
"""Bytes of records that are kept in memory while the disk is full: hours of training."""
PIECE = 1 << 20
"""Bytes that are read and parsed at once, so that a long file is not in memory as text as well."""

_BLOCK = 1 << 13

NUMBERS = frozenset(
    {"tokens", "seconds", "train_loss", "train_accuracy", "lr", "adamw_lr", "grad_norm", "tokens_per_second"}
    | {"val_loss", "val_accuracy", "val_perplexity", "eval_seconds", "router_entropy"}
)
"""The keys whose values are numbers; a line in which one is anything else is damaged."""

_NUMBER = frozenset((int, float, type(None)))
_INT, _DICT = frozenset((int,)), frozenset((dict,))

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


def number(value: object) -> float | None:
    """A measurement as a float, or None if it is none; the words of non-finite numbers are numbers."""
    if value is None:
        return None
    value = decode(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def line_of(record: Record) -> bytes:
    """The line of a record in a metrics file."""
    line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    # A number that is not finite would be null: that is rare, and looking for it in every record costs more than writing it.
    return orjson.dumps(encode(record), option=orjson.OPT_APPEND_NEWLINE) if b"null" in line else line


def lines_of(records: Sequence[Record]) -> Iterator[bytes]:
    """The lines of `line_of` for many records, some thousands at a time."""
    for start in range(0, len(records), _BLOCK):
        block = records[start : start + _BLOCK]
        told = orjson.dumps(block)
        plain = b"null" not in told and told.count(b"},{") == len(block) - 1  # no more than stand between the records
        yield told[1:-1].replace(b"},{", b"}\n{") + b"\n" if plain else b"".join(map(line_of, block))


class MetricsWriter:
    """Appends records to a metrics file; each is on disk's way when `write` returns, unless the disk is `full`.

    Then up to `KEPT` bytes wait in memory, and are written before whatever comes next.
    """

    def __init__(self, path: Path) -> None:
        self._waiting = bytearray()
        self._path = path
        self._named = path.exists()
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
        self._waiting += line_of(record)
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
        if not self._named:  # a new file has a name only once its directory is on the disk as well
            with contextlib.suppress(OSError):
                sync_directory(self._path.parent)
                self._named = True

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
    """Reads a metrics file as it grows: each call returns whole records that were added since the last one.

    A file that shrank or was replaced is read from its beginning. Damaged lines are left out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._inode: tuple[int, int] | None = None
        self.replaced = False
        """Whether the last call began anew, so that what was read before no longer counts."""

    def read(self) -> list[Record]:
        """All new records, oldest first. Raises `OSError`, but not for a file that is not there yet."""
        records: list[Record] = []
        replaced = False
        while True:
            piece = self.read_piece(PIECE)
            if self.replaced:
                records, replaced = [], True
            if piece is None:
                self.replaced = replaced
                return records
            records += piece

    def read_piece(self, least: int) -> list[Record] | None:
        """The records of the next whole lines, about as many as `least` bytes hold; None if nothing was added. Raises as `read`."""
        self.replaced = False
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                inode = (status.st_dev, status.st_ino)
                if status.st_size < self._offset or (self._inode is not None and inode != self._inode):
                    self._offset, self.replaced = 0, True
                self._inode = inode
                if status.st_size == self._offset:
                    return None
                file.seek(self._offset)
                data = file.read(least) + file.readline()
        except (FileNotFoundError, IsADirectoryError):
            return None
        end = data.rfind(b"\n") + 1
        self._offset += end
        return parse_lines(data[:end]) if end else None


def parse_lines(lines: bytes) -> list[Record]:
    """The records of whole lines; damaged ones are left out."""
    try:
        found = orjson.loads(b"[" + lines.removesuffix(b"\n").replace(b"\n", b",") + b"]")
        whole = len(found) == lines.count(b"\n")
    except orjson.JSONDecodeError:
        whole = False
    if not whole:  # a line is damaged: one by one, the others are saved
        found = list(map(_parse, lines.splitlines()))
    return found if _all_plain(found) else [record for record in found if _sound(record)]


def _all_plain(lines: list[Any]) -> bool:
    """Whether all lines are records of numbers, in which there is nothing to decode; nearly all are."""
    if not _DICT.issuperset(map(type, lines)):
        return False
    values = chain.from_iterable(map(dict.values, lines))
    updates = [record.get("update") for record in lines]
    sessions = [record.get("session", 1) for record in lines]
    whole = all(map(_INT.issuperset, (map(type, updates), map(type, sessions)))) and _NUMBER.issuperset(
        map(type, values)
    )
    return whole and min(updates, default=0) >= 0 and max(updates, default=0) < 2**53


def _parse(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None  # the torn line of a killed writer


def _sound(record: Any) -> bool:
    """Whether a line is a record: with an update that can be counted, and numbers where there must be some. Decodes it."""
    if type(record) is not dict:
        return False
    if not _NUMBER.issuperset(map(type, record.values())):
        for key, value in record.items():
            if type(value) not in _NUMBER:
                record[key] = decode(value)
        if any(type(record[key]) not in _NUMBER for key in record.keys() & NUMBERS):
            return False
    update, session = record.get("update"), record.get("session", 1)
    return type(update) is int and type(session) is int and 0 <= update < 2**53
