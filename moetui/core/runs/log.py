"""Reads the log of a run, which grows while it is read and may hold anything."""

import os
from collections.abc import Iterator
from pathlib import Path

from engine.spec.harmless import without_sequences

PIECE = 1 << 20
"""Bytes of a log that are held in memory at a time."""


def log_pieces(path: Path, offset: int = 0) -> Iterator[tuple[str, int]]:
    """The text from a byte offset to the end, piece by piece, each with the offset to go on from."""
    while True:
        text, end = read_log(path, offset, PIECE)
        if end == offset:
            return
        offset = end
        yield text, offset


def last_lines_begin(path: Path, lines: int) -> int:
    """The byte offset at which the last so many lines of a log begin; only those are read. A missing log begins at 0."""
    try:
        with path.open("rb") as file:
            place = file.seek(0, os.SEEK_END)
            wanted = lines
            last = True
            while place > 0:
                start = max(place - PIECE, 0)
                file.seek(start)
                block = file.read(place - start)
                end = len(block) - (last and block.endswith(b"\n"))  # the line end that closes the last line opens none
                last = False
                while (found := block.rfind(b"\n", 0, end)) >= 0:
                    wanted -= 1
                    if not wanted:
                        return start + found + 1
                    end = found
                place = start
    except FileNotFoundError:
        pass
    return 0


def read_log(path: Path, offset: int = 0, most: int = -1) -> tuple[str, int]:
    """Text from a byte offset on, and the offset to go on from. Escape sequences are taken out; a missing log is empty.

    Of at most `most` bytes the whole lines are read, or all of them if they hold no line end.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            raw = file.read(most)
            if len(raw) == most and b"\n" in raw:
                raw = raw[: raw.rfind(b"\n") + 1]
    except FileNotFoundError:
        return "", offset
    return without_sequences(raw.decode("utf-8", "replace")), offset + len(raw)


def tail(path: Path, lines: int, *, window: int = 65536) -> list[str]:
    """The last lines of a log, read from its last `window` bytes only."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return []
    text, _ = read_log(path, max(size - window, 0))
    return text.splitlines()[-lines:] if lines else []
