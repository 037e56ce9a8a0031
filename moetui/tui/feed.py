"""Reads the laboratory in a background thread and hands the screens frozen pictures of it."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.runfiles.jsonfile import DamagedFile
from moetui.core import collector
from moetui.core.errors import LabError
from moetui.core.runs.background import Background, Backgrounds
from moetui.core.runs.lab import Lab, Snapshot

if TYPE_CHECKING:
    from moetui.core.runs.curves import Curves
    from moetui.tui.curve_reader import CurveReader

PATIENCE = 0.3
"""Seconds for which one look of a screen may read measurements; the rest of a long history comes with the next looks."""

MANY = 1000
"""Runs from which on the garbage collector takes notable time over them."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The laboratory at one moment: its runs, the curves of the watched ones, and what could not be read, if so.

    `backgrounds` tells more of the watched runs, of those that are in view and of all that live.
    """

    snapshot: Snapshot = field(default_factory=lambda: Snapshot(()))
    curves: Mapping[str, "Curves"] = field(default_factory=lambda: MappingProxyType({}))
    error: str = ""
    backgrounds: Mapping[str, Background] = field(default_factory=lambda: MappingProxyType({}))


class Feed:
    """Takes pictures. `take` blocks on the disk and belongs in a thread; `watch` names the runs whose curves are wanted."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._watched: frozenset[str] = frozenset()
        self._in_view: frozenset[str] = frozenset()
        self._backgrounds = Backgrounds(lab)
        self._reader: CurveReader | None = None  # there while runs are watched
        self._last = Picture()
        self._settled = (
            False  # whether every run of the last picture has ended: then nothing but the catalogue can change
        )
        self._taking = threading.Lock()  # a slow disk must not let two looks read the same measurements twice

    def watch(self, run_ids: Iterable[str], *, in_view: Iterable[str] = ()) -> None:
        """Choose the runs whose curves the next pictures hold, and others of which they only hold the background."""
        self._watched = frozenset(run_ids)
        self._in_view = frozenset(in_view)

    def take(self, patience: float = PATIENCE) -> Picture:
        """The laboratory as it is now; the same object as the last time if nothing changed. Never raises for a damaged file.

        Measurements are read for `patience` seconds; `math.inf` makes sure that the curves are whole.
        """
        with self._taking:
            return self._take(patience)

    def _take(self, patience: float) -> Picture:
        try:
            snapshot = self._look()
        except (LabError, DamagedFile, OSError) as error:
            picture = Picture(self._last.snapshot, self._last.curves, str(error), self._last.backgrounds)
        else:
            curves = MappingProxyType(self._read_curves(snapshot, patience))
            still = self._settled and snapshot is self._last.snapshot  # then there is none that lives
            live = frozenset() if still else {run.id for run in snapshot.runs if run.live}
            known = self._backgrounds.look(snapshot, self._watched | self._in_view | live)
            picture = Picture(snapshot, curves, _told(snapshot.faults), MappingProxyType(known))
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

    def _read_curves(self, snapshot: Snapshot, patience: float) -> dict[str, "Curves"]:
        watched = self._watched
        runs = [run for run in snapshot.runs if run.id in watched and run.path] if watched else []
        if not runs:
            self._reader = None
            return {}
        if self._reader is None:
            from moetui.tui.curve_reader import CurveReader  # with numpy, which the first picture does not wait for

            self._reader = CurveReader()
        return self._reader.read({run.id: self.lab.run_dir(run).metrics_file for run in runs}, patience)


def _told(faults: Sequence[str]) -> str:
    """The first fault of the catalogue and how many others there are."""
    return f"{faults[0]}{f' (and {len(faults) - 1} more)' if len(faults) > 1 else ''}" if faults else ""


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
