"""The measurements of the watched runs, as the charts want them, read a piece at a time while the runs go on."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from moetui.core.runs.measured import KEYS, LOADS, Column
from moetui.core.runs.tracks import Tracks
from moetui.core.science.smoothing import debiased_ema
from moetui.tui import heap

MUCH_SECONDS = 0.1
"""A look that has read for so long has taken apart megabytes."""


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

    def grown(self, columns: Mapping[str, tuple[Column, Column]]) -> "Curves":
        """These measurements and those that came after them; averages go on from where they are."""
        return Curves(columns, self.resumed, self.sketched, dict(self._smooth))


_EMPTY: Column = np.empty(0)


class CurveReader:
    """Keeps the files of the watched runs open between two looks, and goes on reading where the last one stopped."""

    def __init__(self) -> None:
        self._tracks: dict[str, Tracks] = {}
        self._curves: dict[str, Curves] = {}
        self._much = False

    def read(self, files: Mapping[str, Path], seconds: float = math.inf) -> dict[str, Curves]:
        """The curves of these runs, whose metrics files are given, and of no others; the same object for what has not changed.

        It reads for about so many seconds at most; what is left comes with the next calls.
        """
        self._tracks = {run_id: self._tracks.get(run_id) or Tracks(file) for run_id, file in files.items()}
        began = time.monotonic()
        until = began + seconds
        for run_id, tracks in self._tracks.items():
            if tracks.refresh(until - time.monotonic()) or run_id not in self._curves:
                columns = MappingProxyType({key: tracks.track(key) for key in (*KEYS, LOADS)})
                before = self._curves.get(run_id)
                if before is None or tracks.replaced or tracks.resumed != before.resumed:
                    before = Curves(resumed=tracks.resumed, sketched=tracks.sketched)
                self._curves[run_id] = before.grown(columns)
        self._curves = {run_id: self._curves[run_id] for run_id in self._tracks}
        if time.monotonic() - began > MUCH_SECONDS:
            self._much = True
        elif self._much:
            self._much = False
            heap.trim()
        return dict(self._curves)
