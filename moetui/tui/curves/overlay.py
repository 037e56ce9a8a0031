"""The runs on the charts with all that the charts need to know of them, and the pieces that every chart is made of."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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

Score = Callable[[Scores], float | None]


@dataclass(frozen=True, slots=True)
class Overlay:
    """The runs on the charts, what is known of each, and the slot of colour and marker of each.

    `board` is what the user made of the charts, `window` the part of the x axis that is zoomed to, `cursor` the inspected x.
    `ghosts` are published results, each with the id of the run beside which it stands; `focus` is the run whose experts are shown.
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
    def emphasis(self) -> Emphasis:
        """How curves that matter are drawn: a single one strong; several would hide each other."""
        return "strong" if len(self.runs) == 1 else "normal"

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
        """A short name of each run by its id."""
        return short_names(self.runs)

    def series(
        self,
        run: RunRecord,
        at: tuple[Column, Column],
        *,
        emphasis: Emphasis = "normal",
        points: bool = False,
        legend: bool = True,
    ) -> tuple[Series, ...]:
        """The curve of one run through updates and values; none if it has no place on the x axis."""
        own = self.ruler_of(run)
        if own is None or not at[0].size:
            return ()
        name = self.names()[run.id]
        look = self.slot_of(run)
        x = own.at(at[0])
        return (Series(name, x, at[1], look, emphasis, points=points, legend=legend, ghost=run.published),)

    def smoothed(
        self, run: RunRecord, key: str, chart: str, *, emphasis: Emphasis = "normal", legend: bool = True
    ) -> tuple[Series, ...]:
        """The curve of one metric, and where the chart has a moving average, that over the faint curve."""
        curves = self.curves_of(run)
        if not (weight := self.board.look(chart).weight):
            return self.series(run, curves.get(key), emphasis=emphasis, legend=legend)
        raw = self.series(run, curves.get(key), emphasis="faint", legend=False)
        return raw + self.series(run, curves.smooth(key, weight), legend=legend)

    def bands(self, key: str, chart: str, *, fallback: str = "") -> tuple[tuple[Series, ...], tuple[Area, ...]]:
        """Mean and interval of the groups with several runs: of `key`, or of `fallback` where no run of the group has it."""
        series: list[Series] = []
        areas: list[Area] = []
        for members in grouped(self.runs):
            tried = (group_band(self, members, metric, chart) for metric in (key, fallback) if metric)
            if (found := next((one for one in tried if one is not None), None)) is not None:
                curve, area = found
                series.append(curve)
                areas.append(area)
        return tuple(series), tuple(areas)

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
