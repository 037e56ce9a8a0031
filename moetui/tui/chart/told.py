"""The values that the legend gives of a curve: the last one that is shown, or at the cursor the one there."""

import math
from typing import NamedTuple

import numpy as np

from moetui.tui.chart.curve import columns_of
from moetui.tui.chart.numbers import tick_labels, value_text
from moetui.tui.chart.spec import ChartSpec, Series

NONE_THERE = "–"


class Point(NamedTuple):
    """A measured point."""

    x: float
    y: float


def told(series: Series, spec: ChartSpec) -> str:
    """The value of a curve as its legend entry gives it; empty if the legend gives none.

    At the cursor, a value that was measured before is followed by its place: `4.000@20`; nothing is interpolated.
    """
    if not spec.legend_values:
        return ""
    point = _last_shown(series, spec)
    if spec.cursor is None or series.ghost:
        return value_text(point.y, spec.y_format) if point else ""
    if point is None:
        return NONE_THERE
    there = math.isclose(point.x, spec.cursor, rel_tol=1e-9)
    return f"{value_text(point.y, spec.y_format)}{'' if there else f'@{tick_labels([point.x])[0]}'}"


def told_apart(series: Series, spec: ChartSpec) -> str:
    """The values of a curve and of its pair, each with its word; empty for a curve without a pair."""
    if series.pair is None or not spec.legend_values:
        return ""
    return " · ".join(f"{one.word} {told(one, spec)}" for one in (series, series.pair))


def _last_shown(series: Series, spec: ChartSpec) -> Point | None:
    """The last point of the window, at the cursor the last one up to there. A ghost is one point, wherever it lies."""
    x, y = columns_of(series)
    low, high = (-math.inf, math.inf) if spec.x_range is None or series.ghost else spec.x_range
    if spec.cursor is not None and not series.ghost:
        high = min(high, spec.cursor)
    place = int(np.searchsorted(x, high, "right")) - 1
    return Point(float(x[place]), float(y[place])) if place >= 0 and x[place] >= low else None
