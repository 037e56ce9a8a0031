"""Reads the laboratory in a background thread and hands the screens frozen pictures of it."""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from engine.rundir import DamagedFile
from moetui.core.background import Background, Backgrounds
from moetui.core.errors import LabError
from moetui.core.lab import Lab, Snapshot
from moetui.core.measured import KEYS, LOADS, Column
from moetui.core.records import RunRecord
from moetui.core.science.smoothing import debiased_ema
from moetui.core.tracks import Tracks
from moetui.tui import collector

READING_SECONDS = 0.3
"""How long one look may read measurements; the rest of a long file comes with the next looks."""

MANY = 1000
"""Runs from which on the garbage collector takes notable time over them."""


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


@dataclass(frozen=True, slots=True)
class Picture:
    """The laboratory at one moment: its runs, the curves of the watched ones, and why it could not be read, if so.

    `backgrounds` tells more of the watched runs, of those that are in view and of all that live.
    """

    snapshot: Snapshot = field(default_factory=lambda: Snapshot(()))
    curves: Mapping[str, Curves] = field(default_factory=lambda: MappingProxyType({}))
    error: str = ""
    backgrounds: Mapping[str, Background] = field(default_factory=lambda: MappingProxyType({}))


class Feed:
    """Takes pictures. `take` blocks on the disk and belongs in a thread; `watch` names the runs whose curves are wanted."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._watched: frozenset[str] = frozenset()
        self._in_view: frozenset[str] = frozenset()
        self._tracks: dict[str, Tracks] = {}
        self._backgrounds = Backgrounds(lab)
        self._curves: dict[str, Curves] = {}
        self._last = Picture()
        self._settled = (
            False  # whether every run of the last picture has ended: then nothing but the catalogue can change
        )
        self._taking = threading.Lock()  # a slow disk must not let two looks read the same measurements twice

    def watch(self, run_ids: Iterable[str], *, in_view: Iterable[str] = ()) -> None:
        """Choose the runs whose curves the next pictures hold, and others of which they only hold the background."""
        self._watched = frozenset(run_ids)
        self._in_view = frozenset(in_view)

    def take(self) -> Picture:
        """The laboratory as it is now; the same object as the last time if nothing changed. Never raises for a damaged file."""
        with self._taking:
            return self._take()

    def _take(self) -> Picture:
        try:
            snapshot = self._look()
        except (LabError, DamagedFile, OSError) as error:
            picture = Picture(self._last.snapshot, self._last.curves, str(error), self._last.backgrounds)
        else:
            curves = MappingProxyType(self._read_curves(snapshot))
            live = {run.id for run in snapshot.runs if run.live}
            known = self._backgrounds.look(snapshot, self._watched | self._in_view | live)
            picture = Picture(snapshot, curves, backgrounds=MappingProxyType(known))
        if _same(picture, self._last):
            return self._last
        self._last = picture
        self._settled = bool(picture.snapshot.taken) and not picture.error and not picture.snapshot.pending
        return picture

    def _look(self) -> Snapshot:
        """The runs as they are now; the first look, at all of them, keeps the garbage collector out."""
        if self._settled and not self.lab.catalogue.changed():
            return self._last.snapshot
        if self._last.snapshot.taken:
            return self.lab.snapshot()
        many = False
        collector.rest()
        try:
            snapshot = self.lab.snapshot()
            many = len(snapshot.runs) >= MANY
            return snapshot
        finally:
            collector.resume(keep=many)

    def _read_curves(self, snapshot: Snapshot) -> dict[str, Curves]:
        watched = self._watched
        runs = {run.id: run for run in snapshot.runs if run.id in watched and run.path}
        self._tracks = {run_id: self._tracks.get(run_id) or self._open(run) for run_id, run in runs.items()}
        until = time.monotonic() + READING_SECONDS
        for run_id, tracks in self._tracks.items():
            if tracks.refresh(until - time.monotonic()) or run_id not in self._curves:
                columns = MappingProxyType({key: tracks.track(key) for key in (*KEYS, LOADS)})
                before = self._curves.get(run_id)
                if before is None or tracks.replaced or tracks.resumed != before.resumed:
                    before = Curves(resumed=tracks.resumed, sketched=tracks.sketched)
                self._curves[run_id] = before.grown(columns)
        self._curves = {run_id: self._curves[run_id] for run_id in self._tracks}
        return dict(self._curves)

    def _open(self, run: RunRecord) -> Tracks:
        return Tracks(self.lab.run_dir(run).metrics_file)


def _same(new: Picture, old: Picture) -> bool:
    return (
        new.error == old.error
        and bool(new.snapshot.taken) == bool(old.snapshot.taken)  # an empty catalogue that was read is news
        and new.snapshot.runs == old.snapshot.runs
        and new.snapshot.states == old.snapshot.states
        and new.curves.keys() == old.curves.keys()
        and all(new.curves[key] is old.curves[key] for key in new.curves)
        and new.backgrounds.keys() == old.backgrounds.keys()
        and all(new.backgrounds[key] is old.backgrounds[key] for key in new.backgrounds)
    )
