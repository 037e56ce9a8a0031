"""The curves of a run, read from its metrics file piece by piece while it goes on.

`engine.runfiles.history` keeps whole records; here they become arrays at once. A long file is sketched from samples of it first, so
that its curves are there within a moment, and read in full behind the sketch.
"""

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from engine.runfiles.metrics import MetricsReader, Record, parse_lines
from moetui.core.runs.columns import KEYS, LOADS, Column, Columns
from moetui.core.science.smoothing import debiased_ema

PIECE = 1 << 17
"""Bytes that are read and parsed at once."""

SAMPLES = 256
"""Points of a long file at which the sketch looks: about as many as a chart has columns of dots."""

SAMPLE = 1 << 15
"""Bytes that it reads there, about 100 records, so that it meets evaluations too."""

LONG = 4 * SAMPLES * SAMPLE
"""Size of a file, in bytes, from which on a sketch comes first: it takes a second to read in full."""


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no one truth to be compared by
class Curves:
    """The measurements of one run: for each key the updates and the values. Never changed; a new one replaces it.

    `resumed` are the updates from which later sessions went on.
    `sketched`: these are only samples of a long file that is still being read.
    """

    columns: Mapping[str, tuple[Column, Column]] = field(default_factory=lambda: MappingProxyType({}))
    resumed: tuple[int, ...] = ()
    sketched: bool = False
    _smooth: dict[tuple[str, float], npt.NDArray[np.float64]] = field(default_factory=dict, repr=False, compare=False)

    def get(self, key: str) -> tuple[Column, Column]:
        """Updates and values of a key; empty arrays where nothing was measured."""
        return self.columns.get(key, (_EMPTY, _EMPTY))

    def smooth(self, key: str, weight: float) -> tuple[Column, Column]:
        """Updates of a key, and its debiased moving average. Each value of it is computed once."""
        updates, values = self.get(key)
        known = self._smooth.get((key, weight))
        if known is None or known.size != values.size:
            known = self._smooth[key, weight] = debiased_ema(values, weight, known=known)
        return updates, known


_EMPTY: Column = np.empty(0)


def curves_of(records: Sequence[Record]) -> Curves:
    """The curves of a run whose records are in memory."""
    columns = Columns()
    columns.add(records)
    return _curves(columns, Curves())


class CurveFile:
    """The metrics file of one run, and its `curves` as far as they were read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = MetricsReader(path)
        self._columns = Columns()
        self._begun = False
        self.curves = Curves()

    def read(self, seconds: float = math.inf) -> Curves:
        """Read what was added, for about so many seconds at most: the curves, the same object if there is nothing new to tell.

        A long file takes several calls. Raises `OSError`.
        """
        if not self._begun:
            self._begun = True
            if seconds < math.inf and self._size() > LONG:
                self.curves = _sketch(self._path)
                return self.curves
        until = time.monotonic() + seconds
        changed = finished = replaced = False
        while not finished and (not changed or time.monotonic() <= until):
            records = self._reader.read_piece(PIECE)
            if self._reader.replaced:
                self._columns, self.curves = Columns(), Curves()
            finished = records is None
            if records:
                replaced |= self._columns.add(records, expected=self._size() / PIECE)
                changed = True
        if finished if self.curves.sketched else changed:
            grown = not (replaced or self.curves.sketched)
            self.curves = _curves(self._columns, self.curves if grown else Curves())
        return self.curves

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:  # not there yet
            return 0


def _curves(columns: Columns, before: Curves) -> Curves:
    """The curves as they are now; the averages of those before, which have only grown since, go on from where they are."""
    tracks = MappingProxyType({key: columns.track(key) for key in (*KEYS, LOADS)})
    return Curves(tracks, columns.resumed, False, dict(before._smooth))


def _sketch(path: Path) -> Curves:
    """Samples of a long file, from its first line to its last."""
    columns = Columns()
    for lines in _samples(path):
        if lines:
            columns.add(parse_lines(lines), expected=SAMPLES)
    return replace(_curves(columns, Curves()), sketched=True)


def _samples(path: Path) -> Iterator[bytes]:
    """The whole lines at points that lie evenly over the file."""
    with path.open("rb") as file:
        last = os.fstat(file.fileno()).st_size - SAMPLE
        for number in range(SAMPLES):
            offset = last * number // (SAMPLES - 1)
            file.seek(offset)
            data = file.read(SAMPLE)
            yield data[data.find(b"\n") + 1 if offset else 0 : data.rfind(b"\n") + 1]
