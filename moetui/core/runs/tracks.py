"""The measurements of a run, read from its file piece by piece as it goes on: what the charts draw.

`core.history` keeps whole records; here they become arrays at once. A long file is sketched from samples of it first, so that its
curves are there within a moment, and read in full behind the sketch.
"""

import contextlib
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from engine.runfiles.metrics import MetricsReader, Record, parse_lines, whole
from moetui.core.runs.measured import Column, Measured

PIECE = 1 << 17
"""Bytes that are read and taken apart at once."""

SAMPLES = 256
"""Places of a long file at which the sketch looks: about as many as a chart has columns of dots."""

SAMPLE = 1 << 15
"""Bytes that it reads there, about 100 records, so that it meets evaluations too."""

LONG = 4 * SAMPLES * SAMPLE
"""Bytes from which on a sketch comes first: what takes a second to read in full."""


class Tracks:
    """The metrics file of one run. Arrays that were handed out never change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = MetricsReader(path)
        self._whole = Measured()
        self._sketch: Measured | None = None
        self._begun = False
        self.replaced = False
        """Whether the last `refresh` has put other measurements in the place of those before: of another file, or all for some."""

    @property
    def sketched(self) -> bool:
        """Whether the measurements are only samples so far."""
        return self._sketch is not None

    @property
    def resumed(self) -> tuple[int, ...]:
        """The updates from which later sessions went on."""
        return self._shown.resumed

    def track(self, key: str) -> tuple[Column, Column]:
        """Updates and values of every record that knows `key`."""
        return self._shown.track(key)

    @property
    def _shown(self) -> Measured:
        return self._sketch or self._whole

    def refresh(self, seconds: float = math.inf) -> bool:
        """Read what was added, for about so many seconds at most; True if there is more to tell.

        A long file takes several calls.
        """
        self.replaced = False
        if not self._begun:
            self._begun = True
            if seconds < math.inf and self._size() > LONG:
                self._sketch = _sketch(self._path)
                return True
        began, changed = time.monotonic(), False
        while lines := self._read():
            self._whole.add(_records(lines), expected=self._size() / len(lines))
            changed = True
            if time.monotonic() - began > seconds:
                break
        else:
            if self._sketch is not None:
                self._sketch, self.replaced = None, True
        return self.replaced or (changed and self._sketch is None)

    def _read(self) -> bytes:
        lines = self._reader.read_lines(PIECE)
        if self._reader.replaced:
            self._whole, self._sketch, self.replaced = Measured(), None, True
        return lines

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:  # not there yet
            return 0


def _sketch(path: Path) -> Measured:
    """Samples of a long file, from its first line to its last."""
    sketch = Measured()
    for lines in _samples(path):
        if lines:
            sketch.add(_records(lines), expected=SAMPLES)
    return sketch


def _samples(path: Path) -> Iterator[bytes]:
    """The whole lines at places that lie evenly over the file."""
    with path.open("rb") as file:
        last = os.fstat(file.fileno()).st_size - SAMPLE
        for number in range(SAMPLES):
            place = last * number // (SAMPLES - 1)
            file.seek(place)
            data = file.read(SAMPLE)
            yield data[data.find(b"\n") + 1 if place else 0 : data.rfind(b"\n") + 1]


def _records(lines: bytes) -> list[Record]:
    """The records of whole lines, parsed together; words of non-finite numbers stay, since numpy reads them."""
    with contextlib.suppress(orjson.JSONDecodeError, AttributeError):
        found = orjson.loads(b"[" + lines[:-1].replace(b"\n", b",") + b"]")
        if all(whole(record) for record in found):
            return list(found)
    return parse_lines(lines)  # a line is damaged: one by one, the others are saved
