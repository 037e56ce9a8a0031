"""A series reduced to what its pixels need: nothing is lost that could be seen, however many points there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moetui.tui.chart.arrays import BoolArray, FloatArray, Floats
from moetui.tui.chart.axis import Axis
from moetui.tui.chart.spec import Series

MOST = 4096
"""Points of a curve that are looked at one by one: several for each pixel of the widest terminal."""


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """Pixel coordinates, fractional. One entry per pixel column that has points and per unbroken piece of the curve."""

    column: FloatArray
    low: FloatArray
    high: FloatArray
    first: FloatArray
    last: FloatArray
    joined: BoolArray
    """joined[i]: whether entry i is connected with entry i + 1; a non-finite value between them breaks the curve."""
    diverged: FloatArray
    """Columns where a run of NaN or +inf begins: marked at the top."""
    sunk: FloatArray
    """Columns where a run of -inf, or on a log axis of zero or negative values, begins: marked at the bottom."""


def columns_of(series: Series) -> tuple[Floats, Floats]:
    """X and y as arrays of equal length, ordered by x, without points that have no x. What is in single precision stays so."""
    x, y = _floats(series.x), _floats(series.y)
    length = min(x.size, y.size)
    x, y = x[:length], y[:length]
    placed = np.isfinite(x)
    if not placed.all():
        x, y = x[placed], y[placed]
    if np.any(x[1:] < x[:-1]):
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    return x, y


def _floats(values: NDArray[Any] | Sequence[float]) -> Floats:
    array = np.asarray(values)
    return np.asarray(array, array.dtype if array.dtype == np.float32 else np.float64).reshape(-1)


def within(x: Floats, y: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """The points of an x range and one neighbour on each side, to which the curve runs out."""
    start = max(int(np.searchsorted(x, np.asarray(low, x.dtype), "left")) - 1, 0)
    stop = int(np.searchsorted(x, np.asarray(high, x.dtype), "right")) + 1
    return x[start:stop], y[start:stop]


def thinned(x: Floats, y: Floats) -> tuple[FloatArray, FloatArray]:
    """About `MOST` of ordered points: the lowest and the highest of each few neighbours, non-finite ones before all others."""
    if x.size <= 2 * MOST:
        return x.astype(np.float64), y.astype(np.float64)
    few = x.size // (MOST // 2)
    whole = x.size // few * few
    pieces = y[:whole].reshape(-1, few)
    # argmin and argmax stop at a NaN and find infinities.
    ends = np.sort([pieces.argmin(axis=1), pieces.argmax(axis=1)], axis=0) + np.arange(0, whole, few)
    kept = np.concatenate([ends.T.reshape(-1), np.arange(whole, x.size)])
    return x[kept].astype(np.float64), y[kept].astype(np.float64)


def trace(x: FloatArray, y: FloatArray, x_axis: Axis, y_axis: Axis) -> Curve:
    """Reduce ordered points to the first, last, lowest and highest of each pixel column. 1e5 points take under 1 ms."""
    scaled = y_axis.scale(y)
    finite = np.isfinite(scaled)
    kept = np.flatnonzero(finite)
    xs, ys = x[kept], scaled[kept]
    breaks = np.flatnonzero(np.diff(kept) > 1) + 1
    starts = np.unique(np.concatenate([_column_starts(xs, x_axis), breaks]))
    ends = np.append(starts[1:], xs.size)[: starts.size]
    joined = ~np.isin(starts[1:], breaks)
    low, high = (f.reduceat(ys, starts) if starts.size else ys for f in (np.minimum, np.maximum))
    return Curve(
        column=np.rint(x_axis.pixel(xs[starts])),
        low=y_axis.pixel(low),
        high=y_axis.pixel(high),
        first=y_axis.pixel(ys[starts]),
        last=y_axis.pixel(ys[ends - 1]),
        joined=joined,
        diverged=_run_starts(x, np.isnan(y) | (y == np.inf), x_axis),
        sunk=_run_starts(x, ~finite & ~np.isnan(y) & (y != np.inf), x_axis),
    )


def _column_starts(xs: FloatArray, axis: Axis) -> NDArray[np.intp]:
    """Indices of the first point of each pixel column that has one."""
    edges = axis.low + (np.arange(-1, axis.pixels + 1) - 0.5) / max(axis.pixels - 1, 1) * (axis.high - axis.low)
    starts = np.unique(np.append(np.searchsorted(xs, edges), 0))
    return starts[starts < xs.size]


def _run_starts(x: FloatArray, chosen: BoolArray, axis: Axis) -> FloatArray:
    """Columns inside the axis at which a run of chosen points begins."""
    if not chosen.any():
        return np.empty(0)
    begins = chosen & ~np.concatenate([[False], chosen[:-1]])
    inside = (x >= axis.low) & (x <= axis.high)
    return np.unique(np.rint(axis.pixel(x[begins & inside])))
