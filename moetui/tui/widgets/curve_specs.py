"""What the four charts of a set of runs show: learning rate, loss, accuracy and throughput against updates."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from moetui.core.records import RunRecord, Scores
from moetui.tui.chart import ChartSpec, Emphasis, Series, slot
from moetui.tui.chart.ranges import nice_step
from moetui.tui.chart.spec import Range
from moetui.tui.feed import Column, Curves
from moetui.tui.widgets.planned_lr import Planned
from moetui.tui.widgets.run_names import short_names

LOG_LR_RATIO = 20.0
"""Peak learning rates further apart than this share a logarithmic axis."""

RUNAWAY = 2.0
"""A loss above this many times the loss at the start no longer stretches the axis; its curve leaves through the top."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """The runs on the charts, what is known of each, and the slot of colour and marker of each."""

    runs: Sequence[RunRecord] = ()
    curves: Mapping[str, Curves] = field(default_factory=dict)
    slots: Mapping[str, int] = field(default_factory=dict)
    planned: Mapping[str, Planned] = field(default_factory=dict)

    def curves_of(self, run: RunRecord) -> Curves:
        """The measurements of a run, empty ones if there are none yet."""
        return self.curves.get(run.id, Curves())

    @property
    def emphasis(self) -> Emphasis:
        """How curves that matter are drawn: a single one strong; several would hide each other."""
        return "strong" if len(self.runs) == 1 else "normal"

    @property
    def x_range(self) -> Range:
        """From nothing to the last update of the longest run, so that the axis stays while the runs go on."""
        return 0.0, float(max((max(run.updates, run.update) for run in self.runs), default=0) or 1)


def loss_spec(overlay: Overlay) -> ChartSpec:
    """Validation loss over a faint training loss."""
    series = _measured(overlay, "train_loss", "val_loss", lambda scores: scores.val_loss)
    return ChartSpec(
        "Loss", series, "updates", overlay.x_range, y_range=_loss_range(series), empty="no loss measured yet"
    )


def accuracy_spec(overlay: Overlay) -> ChartSpec:
    """Validation accuracy over a faint training accuracy."""
    series = _measured(overlay, "train_accuracy", "val_accuracy", lambda scores: scores.val_accuracy)
    return ChartSpec(
        "Accuracy", series, "updates", overlay.x_range, y_format="percent", empty="no accuracy measured yet"
    )


def lr_spec(overlay: Overlay) -> ChartSpec:
    """The learning rate as it was over the plan, which is faint."""
    series: list[Series] = []
    names = short_names(overlay.runs)
    for run in overlay.runs:
        planned = overlay.planned.get(run.id)
        actual = overlay.curves_of(run).get("lr")
        if planned is not None:
            series.append(_series(names[run.id], planned, overlay, run, emphasis="faint", legend=not actual[0].size))
        if actual[0].size:
            series.append(_series(names[run.id], actual, overlay, run, emphasis=overlay.emphasis))
    peaks = [float(peak) for one in series if np.size(one.y) and math.isfinite(peak := np.max(one.y)) and peak > 0]
    log = bool(peaks) and max(peaks) / min(peaks) > LOG_LR_RATIO
    y_range = (0.0, nice_ceiling(max(peaks))) if peaks and not log else None
    return ChartSpec(
        "Learning rate", tuple(series), "updates", overlay.x_range, y_range, log, empty="no learning rate yet"
    )


def throughput_spec(overlay: Overlay) -> ChartSpec:
    """Tokens of training per second, from zero, so that a drop looks as large as it is."""
    names = short_names(overlay.runs)
    measured = [(run, overlay.curves_of(run).get("tokens_per_second")) for run in overlay.runs]
    series = tuple(_series(names[run.id], points, overlay, run) for run, points in measured if points[0].size)
    tops = [float(top) for one in series if math.isfinite(top := np.max(one.y)) and top > 0]
    y_range = (0.0, nice_ceiling(max(tops))) if tops else None
    return ChartSpec("Tokens/s", series, "updates", overlay.x_range, y_range, empty="no throughput measured yet")


SPECS: tuple[Callable[[Overlay], ChartSpec], ...] = (loss_spec, lr_spec, accuracy_spec, throughput_spec)
"""The charts, the most telling first."""


def nice_ceiling(value: float) -> float:
    """A round number a little above a positive value, for an axis that seldom moves."""
    step = nice_step(value / 10)
    return step * math.ceil(value / step * 1.02)


def _measured(
    overlay: Overlay, training: str, validation: str, score: Callable[[Scores], float | None]
) -> tuple[Series, ...]:
    """A faint curve of training and one of validation with its points for each run; a result without curves is a single point."""
    names = short_names(overlay.runs)
    series: list[Series] = []
    for run in overlay.runs:
        trained, validated = overlay.curves_of(run).get(training), overlay.curves_of(run).get(validation)
        if not validated[0].size and not trained[0].size and run.final is not None:
            validated = _point(run.final.update or run.updates, score(run.final))
        if trained[0].size:
            series.append(_series(names[run.id], trained, overlay, run, emphasis="faint", legend=not validated[0].size))
        if validated[0].size:
            series.append(_series(names[run.id], validated, overlay, run, emphasis=overlay.emphasis, points=True))
    return tuple(series)


def _point(update: int, value: float | None) -> tuple[Column, Column]:
    values = np.array([] if value is None else [value], dtype=np.float64)
    return np.full_like(values, update), values


def _series(
    name: str,
    at: tuple[Column, Column],
    overlay: Overlay,
    run: RunRecord,
    *,
    emphasis: Emphasis = "normal",
    points: bool = False,
    legend: bool = True,
) -> Series:
    return Series(name, *at, slot(overlay.slots.get(run.id, 0)), emphasis, points=points, legend=legend)


def _loss_range(series: Sequence[Series]) -> Range | None:
    """None while the losses fit an axis of their own; else a range that a run that went away does not stretch."""
    finite = [values[np.isfinite(values)] for one in series if (values := np.asarray(one.y)).size]
    finite = [values for values in finite if values.size]
    if not finite:
        return None
    start = max(float(values[0]) for values in finite)
    if start <= 0 or max(float(values.max()) for values in finite) <= RUNAWAY * start:
        return None
    low = min(float(values.min()) for values in finite)
    return math.floor(low * 2) / 2, nice_ceiling(start * 1.2)
