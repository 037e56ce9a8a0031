"""Axes of scores: their names, their scale, what a score can be, and which part of an axis is shown."""

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from matplotlib.axes import Axes

from moetui.core.report.figures import style
from moetui.core.science.frame import frame
from moetui.core.science.measure import Measure

Side = Literal["x", "y"]

POSSIBLE: Final[Mapping[str, tuple[float, float]]] = {
    "val_loss": (0.0, math.inf),
    "val_accuracy": (0.0, 1.0),
    "val_perplexity": (1.0, math.inf),
    "seconds": (0.0, math.inf),
}
"""The smallest and the largest value of each score: seconds and shares are never negative, no share is above one."""

LOG: Final = frozenset({"val_perplexity"})
"""Scores on a logarithmic axis. A perplexity is the exponential of a loss."""


def name(measure: Measure) -> str:
    """The score with its unit, as an axis says it."""
    unit = {"val_loss": " (nats)", "seconds": " (s)"}.get(measure.key, "")
    return f"{measure.label}{unit}"


def possible(measure: Measure, low: float, high: float) -> tuple[float, float]:
    """An interval without the part of it that the score cannot reach."""
    least, most = POSSIBLE[measure.key]
    return min(max(low, least), most), max(min(high, most), least)


def limits(measure: Measure, values: Sequence[float], ends: Sequence[float] = ()) -> tuple[float, float]:
    """The part of an axis that shows all values and, as far as they do not drown the values, the ends of the intervals."""
    if measure.key in LOG:
        low, high = frame([math.log(value) for value in values], [math.log(end) for end in ends if end > 0])
        low, high = math.exp(low), math.exp(high)
    else:
        low, high = frame(values, ends)
    return possible(measure, low, high)


def show(
    axes: Axes, side: Side, measure: Measure, values: Sequence[float], ends: Sequence[float] = (), *, note: str = ""
) -> None:
    """Make one side of a panel the axis of a score. To be called once everything is drawn; `note` says what is drawn."""
    axis = axes.xaxis if side == "x" else axes.yaxis
    axis.set_label_text(f"{name(measure)}\n{note}" if note else name(measure))
    shown = [value for value in values if measure.key not in LOG or value > 0]
    if shown:
        set_limits = axes.set_xlim if side == "x" else axes.set_ylim
        set_limits(*limits(measure, shown, ends))
    if measure.key in LOG and shown:  # an empty axis has no logarithm
        (style.log_x if side == "x" else style.log_y)(axes)
    elif side == "x":
        axes.locator_params(axis="x", nbins=5)
    if measure.key == "val_accuracy":
        axis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
