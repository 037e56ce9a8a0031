"""Curves of several seeds as one: their mean, and the interval in which the mean of many seeds would lie."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moetui.core.science.student import quantile

Column = npt.NDArray[np.float64]

POINTS = 400
"""Places at which long curves are compared; no terminal is wide enough to show more."""


@dataclass(frozen=True, eq=False, slots=True)
class Band:
    """Mean and 95 % interval (Student t) over runs at rising x. Where fewer than two runs count, the interval is the mean alone."""

    x: Column
    mean: Column
    low: Column
    high: Column
    count: npt.NDArray[np.intp]


def band(curves: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]]) -> Band:
    """The band of curves (x rising, y). A run counts from its first to its last x, between its points by interpolation.

    A non-finite value does not count. At most `POINTS` x are used, spread evenly over those that occur.
    """
    pairs = [(np.asarray(x, np.float64), np.asarray(y, np.float64)) for x, y in curves]
    every = np.unique(np.concatenate([x[_spread(x.size)] for x, _ in pairs])) if pairs else np.empty(0)
    x = every[_spread(every.size)]
    table = np.array([_at(x, *pair) for pair in pairs]).reshape(len(pairs), x.size)
    known = np.isfinite(table)
    count = known.sum(axis=0)
    counted = count > 0
    x, table, known, count = x[counted], table[:, counted], known[:, counted], count[counted]
    mean = np.where(known, table, 0.0).sum(axis=0) / count
    squares = (np.where(known, table - mean, 0.0) ** 2).sum(axis=0)
    half = np.zeros_like(mean)
    for n in np.unique(count[count > 1]):
        at = count == n
        half[at] = quantile(float(n - 1)) * np.sqrt(squares[at] / (n - 1) / n)
    return Band(x, mean, mean - half, mean + half, count)


def _spread(size: int) -> npt.NDArray[np.intp]:
    """At most `POINTS` indices of an array, the first and the last among them."""
    return np.unique(np.linspace(0, size - 1, min(size, POINTS)).round().astype(np.intp))


def _at(x: Column, own_x: Column, own_y: Column) -> Column:
    """A curve at other x; NaN outside of it and beside its non-finite values."""
    if not own_x.size:
        return np.full_like(x, np.nan)
    return np.interp(x, own_x, own_y, left=np.nan, right=np.nan)
