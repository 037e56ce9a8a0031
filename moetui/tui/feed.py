"""Reads the laboratory in a background thread and hands the screens frozen pictures of it."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from engine.rundir import DamagedFile
from moetui.core.errors import LabError
from moetui.core.history import History
from moetui.core.lab import Lab, Snapshot
from moetui.core.records import RunRecord

Column = npt.NDArray[np.float64]

CHARTED = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "lr", "tokens_per_second", "grad_norm")
"""Keys of the metrics that the charts draw."""


@dataclass(frozen=True, slots=True)
class Curves:
    """The measurements of one run: for each charted key the updates and the values. Never changed; a new one replaces it."""

    columns: Mapping[str, tuple[Column, Column]] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, key: str) -> tuple[Column, Column]:
        """Updates and values of a key; empty arrays where nothing was measured."""
        return self.columns.get(key, (_EMPTY, _EMPTY))


_EMPTY: Column = np.empty(0)


@dataclass(frozen=True, slots=True)
class Picture:
    """The laboratory at one moment: its runs, the curves of the watched ones, and why it could not be read, if so."""

    snapshot: Snapshot = field(default_factory=lambda: Snapshot(()))
    curves: Mapping[str, Curves] = field(default_factory=lambda: MappingProxyType({}))
    error: str = ""


class Feed:
    """Takes pictures. `take` blocks on the disk and belongs in a thread; `watch` names the runs whose curves are wanted."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._watched: frozenset[str] = frozenset()
        self._histories: dict[str, History] = {}
        self._curves: dict[str, Curves] = {}
        self._last = Picture()
        self._taking = threading.Lock()  # a slow disk must not let two looks read the same measurements twice

    def watch(self, run_ids: Iterable[str]) -> None:
        """Choose the runs whose curves the next pictures hold."""
        self._watched = frozenset(run_ids)

    def take(self) -> Picture:
        """The laboratory as it is now; the same object as the last time if nothing changed. Never raises for a damaged file."""
        with self._taking:
            return self._take()

    def _take(self) -> Picture:
        try:
            snapshot = self.lab.snapshot()
        except (LabError, DamagedFile, OSError) as error:
            picture = Picture(self._last.snapshot, self._last.curves, str(error))
        else:
            picture = Picture(snapshot, MappingProxyType(self._read_curves(snapshot)))
        if _same(picture, self._last):
            return self._last
        self._last = picture
        return picture

    def _read_curves(self, snapshot: Snapshot) -> dict[str, Curves]:
        watched = self._watched
        runs = {run.id: run for run in snapshot.runs if run.id in watched and run.path}
        self._histories = {run_id: self._histories.get(run_id) or self._open(run) for run_id, run in runs.items()}
        for run_id, history in self._histories.items():
            if history.refresh() or run_id not in self._curves:
                columns = {key: history.series(key) for key in CHARTED}
                self._curves[run_id] = Curves(MappingProxyType(columns))
        self._curves = {run_id: self._curves[run_id] for run_id in self._histories}
        return dict(self._curves)

    def _open(self, run: RunRecord) -> History:
        return History(self.lab.run_dir(run).metrics_file)


def _same(new: Picture, old: Picture) -> bool:
    return (
        new.error == old.error
        and bool(new.snapshot.taken) == bool(old.snapshot.taken)  # an empty catalogue that was read is news
        and new.snapshot.runs == old.snapshot.runs
        and new.snapshot.states == old.snapshot.states
        and new.curves.keys() == old.curves.keys()
        and all(new.curves[key] is old.curves[key] for key in new.curves)
    )
