"""The runs on the charts with all that the charts need to know of them, and the pieces that every chart is made of."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.runs.background import Background
from moetui.core.runs.columns import Column
from moetui.core.runs.curves import Curves
from moetui.tui.chart.palette import Slot, slot
from moetui.tui.chart.spec import Area, Emphasis, Range, Series
from moetui.tui.curves.axis import Ruler, XAxis, ruler
from moetui.tui.curves.board import Board
from moetui.tui.curves.groups import group_band, grouped
from moetui.tui.curves.planned_lr import Planned
from moetui.tui.widgets.run_names import short_names
from moetui.tui.widgets.run_slots import group_slots

MOST_DETAILED = 2
"""Runs of which each has room for its training curve behind the other, or for the raw curve behind a smooth one."""

Score = Callable[[Scores], float | None]


@dataclass(frozen=True, slots=True)
class Overlay:
    """The runs on the charts, what is known of each, and the slot of colour and marker of each.

    `board` is what the user made of the charts, `window` the part of the x axis that is zoomed to, `cursor` the inspected x.
    `ghosts` are published results, each with the id of the run beside which it stands. `focus` is the current run, whose experts
    are shown; it and the `pinned` ones are drawn in front of the others.
    """

    runs: Sequence[RunRecord] = ()
    curves: Mapping[str, Curves] = field(default_factory=dict)
    slots: Mapping[str, int] = field(default_factory=dict)
    planned: Mapping[str, Planned] = field(default_factory=dict)
    board: Board = field(default_factory=Board)
    window: Range | None = None
    cursor: float | None = None
    ghosts: Sequence[tuple[RunRecord, str]] = ()
    backgrounds: Mapping[str, Background] = field(default_factory=dict)
    focus: str = ""
    pinned: Collection[str] = ()

    def curves_of(self, run: RunRecord) -> Curves:
        """The measurements of a run, empty ones if there are none yet."""
        return self.curves.get(run.id, Curves())

    def background_of(self, run: RunRecord) -> Background:
        """What else is known of a run."""
        return self.backgrounds.get(run.id, Background())

    def slot_of(self, run: RunRecord) -> Slot:
        """Colour and marker of a run, or of its group."""
        if self.board.colour == "runs":
            return slot(self.slots.get(run.id, 0))
        return slot(group_slots(self.runs, self.slots)[run.id])

    @property
    def axis(self) -> XAxis:
        """What the x axis counts."""
        return self.board.axis

    @property
    def front(self) -> frozenset[str]:
        """The runs on the charts that are set off from the others; none if all are alike."""
        return frozenset({run.id for run in self.runs} & {self.focus, *self.pinned})

    def emphasis_of(self, *runs: RunRecord) -> Emphasis:
        """How the curve of a run, or of a group of runs, is drawn: a single one and those in front strong, the others dim."""
        if len(self.runs) == 1 or any(run.id in self.front for run in runs):
            return "strong"
        return "dim" if self.front else "normal"

    def detailed(self, run: RunRecord) -> bool:
        """Whether there is room for a second curve of this run: of many runs only those in front have one."""
        return len(self.runs) <= MOST_DETAILED or run.id in self.front

    @property
    def reference(self) -> RunRecord | None:
        """The run from which the others are drawn as differences: the first pinned one, or else the one of the lowest loss."""
        if not self.board.difference or len(self.runs) < 2:
            return None
        pinned = next((run for run in self.runs if run.id in self.pinned), None)
        return pinned or min(
            (run for run in self.runs if self.last_loss(run) is not None), key=self._loss, default=None
        )

    def as_measured(self) -> "Overlay":
        """The same without differences: for what has no better and worse."""
        return replace(self, board=self.board.model_copy(update={"difference": False}))

    def last_loss(self, run: RunRecord) -> float | None:
        """The last validation loss of a run, or where none was measured the last training loss; None if there is no number."""
        if run.final is not None and run.final.val_loss is not None:
            return run.final.val_loss if math.isfinite(run.final.val_loss) else None
        for key in ("val_loss", "train_loss"):
            values = self.curves_of(run).get(key)[1]
            if values.size:
                return float(values[-1]) if math.isfinite(values[-1]) else None
        return None

    def _loss(self, run: RunRecord) -> float:
        loss = self.last_loss(run)
        return math.inf if loss is None else loss

    def in_order(self, series: Sequence[Series]) -> tuple[Series, ...]:
        """The curves as a legend names them: once all runs have ended the best first, before that as they came."""
        if any(run.pending for run in self.runs):
            return tuple(series)
        places = {self.slot_of(run): place for place, run in enumerate(sorted(self.runs, key=self._loss))}
        return tuple(sorted(series, key=lambda one: places.get(one.slot, len(places))))

    def metric(self, run: RunRecord, key: str, weight: float = 0.0) -> tuple[Column, Column]:
        """A metric of a run, or its moving average: as it is, or as its difference from the reference where both have measured."""
        updates, values = self._measured(run, key, weight)
        if (reference := self.reference) is None:
            return updates, values
        at, base = self._measured(reference, key, weight)
        shared, own, theirs = np.intersect1d(updates, at, assume_unique=True, return_indices=True)
        return shared, np.asarray(values, np.float64)[own] - np.asarray(base, np.float64)[theirs]

    def _measured(self, run: RunRecord, key: str, weight: float) -> tuple[Column, Column]:
        curves = self.curves_of(run)
        return curves.smooth(key, weight) if weight else curves.get(key)

    def heading(self, title: str) -> str:
        """The title of a chart, which names the run that differences are taken from."""
        return title if self.reference is None else f"{title} − {self.names()[self.reference.id]}"

    @property
    def full_range(self) -> Range:
        """From nothing to the last update of the longest run, so that the axis stays while the runs go on."""
        ends = [
            float(own.at(np.array([max(run.updates, run.update)]))[0])
            for run in self.runs
            if (own := self.ruler_of(run)) is not None
        ]
        return 0.0, max((end for end in ends if math.isfinite(end)), default=0.0) or 1.0

    @property
    def x_range(self) -> Range:
        """What of the axis is shown."""
        return self.window or self.full_range

    def ruler_of(self, run: RunRecord) -> Ruler | None:
        """The way of a run's updates to the x axis."""
        return ruler(self.axis, run, self.curves_of(run), self.background_of(run).config)

    def names(self) -> dict[str, str]:
        """A short name of each run by its id: what differs between the runs."""
        return short_names(self.runs)

    def series(
        self,
        run: RunRecord,
        at: tuple[Column, Column],
        *,
        emphasis: Emphasis = "normal",
        points: bool = False,
        dots: bool = False,
        legend: bool = True,
    ) -> tuple[Series, ...]:
        """The curve of one run through updates and values; none if it has no place on the x axis."""
        own = self.ruler_of(run)
        if own is None or not at[0].size:
            return ()
        name = self.names()[run.id]
        look = self.slot_of(run)
        x = own.at(at[0])
        ghost = run.published
        return (Series(name, x, at[1], look, emphasis, points=points, dots=dots, legend=legend, ghost=ghost),)

    def smoothed(self, run: RunRecord, key: str, chart: str) -> tuple[Series, ...]:
        """The curve of one metric, and where the chart has a moving average, that over its faint dots."""
        weight, emphasis = self.board.weight(chart), self.emphasis_of(run)
        over = self.series(run, self.metric(run, key, weight), emphasis=emphasis)
        if not weight or not self.detailed(run):
            return over
        return self.series(run, self.metric(run, key), emphasis="faint", dots=True, legend=False) + over

    def bands(self, key: str, chart: str, *, fallback: str = "") -> tuple[tuple[Series, ...], tuple[Area, ...]]:
        """Mean and interval of the groups with several runs: of `key`, or of `fallback` where no run of the group has it."""
        series: list[Series] = []
        areas: list[Area] = []
        for members in grouped(self.runs):
            tried = (self._band(members, metric, chart) for metric in (key, fallback) if metric)
            if (found := next((one for one in tried if one is not None), None)) is not None:
                curve, area = found
                series.append(curve)
                areas.append(area)
        return tuple(series), tuple(areas)

    def _band(self, members: Sequence[RunRecord], key: str, chart: str) -> tuple[Series, Area] | None:
        points = key.startswith("val_")
        weight = 0.0 if points else self.board.weight(chart)  # evaluations are drawn as they were measured
        measured = [own for run in members if (own := self.metric(run, key, weight))[0].size]
        rulers = [own for own in map(self.ruler_of, members) if own is not None]
        name, look = self.names()[members[0].id], self.slot_of(members[0])
        return group_band(measured, rulers, name, look, self.emphasis_of(*members), points=points)

    def banded(self, run: RunRecord) -> bool:
        """Whether a run is drawn as part of its group only."""
        return self.board.colour == "bands" and any(run in members for members in grouped(self.runs))

    def told_apart(self) -> list[RunRecord]:
        """The runs; of groups that are drawn as one, the first run of each."""
        later = {run.id for members in grouped(self.runs) for run in members[1:]}
        return [run for run in self.runs if self.board.colour != "bands" or run.id not in later]

    def published(self, score: Score) -> tuple[Series, ...]:
        """The published counterparts of the runs, each at its update."""
        runs = {run.id: run for run in self.runs}
        series = []
        for result, run_id in self.ghosts:
            run = runs[run_id]
            own, at = self.ruler_of(run), single(result, score)
            if own is not None and at[0].size:
                series.append(Series("published", own.at(at[0]), at[1], self.slot_of(run), points=True, ghost=True))
        return tuple(series)


def single(run: RunRecord, score: Score) -> tuple[Column, Column]:
    """A final score as a curve of one point, empty if it is not known."""
    value = None if run.final is None else score(run.final)
    values = np.array([] if value is None else [value], dtype=np.float64)
    update = run.updates if run.final is None else run.final.update or run.updates
    return np.full_like(values, update), values
