"""Points without a line, and intervals as bars: both are curves in which nothing is joined."""

from dataclasses import replace

import numpy as np

from moetui.tui.chart.arrays import FloatArray
from moetui.tui.chart.axis import Axis
from moetui.tui.chart.curve import Curve
from moetui.tui.chart.spec import Series

CAP = 1
"""Pixels that the cap at the end of a bar reaches to either side."""


def scatter(x: FloatArray, y: FloatArray, x_axis: Axis, y_axis: Axis) -> Curve:
    """Every point by itself, unlike in a traced curve, where those of one pixel column become one entry."""
    scaled = y_axis.scale(y)
    inside = (x >= x_axis.low) & (x <= x_axis.high)
    shown = np.isfinite(scaled) & inside
    place = y_axis.pixel(scaled[shown])
    above = inside & (np.isnan(y) | (y == np.inf))
    below = inside & ~np.isfinite(scaled) & ~above
    return _loose(
        np.rint(x_axis.pixel(x[shown])),
        place,
        place,
        diverged=_columns(x[above], x_axis),
        sunk=_columns(x[below], x_axis),
    )


def bars(series: Series, x_axis: Axis, y_axis: Axis, *, log: bool) -> Curve:
    """An upright line with a cap at both ends for each point that has an interval. `log`: the x axis counts log10."""
    x, low, high = _intervals(series)
    if log:
        positive = x > 0
        x, low, high = np.log10(x[positive]), low[positive], high[positive]
    inside = (x >= x_axis.low) & (x <= x_axis.high)
    column = np.rint(x_axis.pixel(x[inside]))
    bottom, top = y_axis.pixel(y_axis.scale(low[inside])), y_axis.pixel(y_axis.scale(high[inside]))
    bottom = np.where(np.isnan(bottom), 0.0, bottom)  # a log axis has no place for zero and below
    caps = [column + step for step in range(-CAP, CAP + 1) if step]
    return _loose(
        np.concatenate([column, *caps, *caps]),
        np.concatenate([bottom, *[bottom] * len(caps), *[top] * len(caps)]),
        np.concatenate([top, *[bottom] * len(caps), *[top] * len(caps)]),
    )


def bar_series(series: Series) -> Series:
    """How the bars of a series look: faint, so that the points stand out, and without markers of their own."""
    return replace(series, emphasis="faint", points=False, line=True)


def bar_ends(series: Series) -> FloatArray:
    """Both ends of all intervals."""
    _, low, high = _intervals(series)
    return np.concatenate([low, high])


def _intervals(series: Series) -> tuple[FloatArray, FloatArray, FloatArray]:
    columns = (series.x, *(series.bars or ((), ())))
    x, low, high = (np.asarray(column, np.float64).reshape(-1) for column in columns)
    length = min(x.size, low.size, high.size)
    x, low, high = x[:length], low[:length], high[:length]
    known = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
    return x[known], low[known], high[known]


def _loose(
    column: FloatArray,
    low: FloatArray,
    high: FloatArray,
    diverged: FloatArray = np.empty(0),  # noqa: B008  # never written to
    sunk: FloatArray = np.empty(0),  # noqa: B008
) -> Curve:
    joined = np.zeros(max(column.size - 1, 0), np.bool_)
    return Curve(column, low, high, first=low, last=high, joined=joined, diverged=diverged, sunk=sunk)


def _columns(x: FloatArray, axis: Axis) -> FloatArray:
    return np.unique(np.rint(axis.pixel(x)))
