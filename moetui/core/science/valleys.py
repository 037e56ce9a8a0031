"""Whether a response has two valleys: whether any single valley is compatible with its values.

For each place that the lowest point may have, the best curve that falls up to it and rises after it is fitted (isotonic
regression). What it leaves over is held against what noise leaves over where all values are equal, at which a true valley is
rejected most often (Robertson, Wright and Dykstra 1988, §2.3). One valley is ruled out if it is at every place.
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

LEVEL = 0.05
DRAWS = 2000
ALLOWED = round(LEVEL * DRAWS)
"""So many draws may leave more over than the values do, if one valley is to be ruled out."""
BATCH = 20_000
"""Values that are drawn at once. Most questions are answered by the first few hundred draws."""
RANDOM_SEED = 19880101  # of the draws: the same values always get the same answer
NEGLIGIBLE = 3.0
"""A weighted sum of squares below this is left over by noise more often than not; then nothing has to be drawn."""


def one_valley_ruled_out(mean: Numbers, variance: Numbers, df: Numbers) -> bool:
    """Whether the means, in the order of their learning rates, cannot come from one valley; lower is better.

    `variance` and `df` are those of each mean.
    """
    left = _left_over(mean[None], 1 / variance[None])[0]
    at = int(left.argmin())
    if left[at] < NEGLIGIBLE:
        return False
    if left[at] > _most_by_noise(df):
        return True
    # The place with the least left over settles nearly every question; the others are asked only if it is ruled out.
    beyond = level_beyond = 0
    for y, weight in _draws(variance, df):
        noise = _squares(y[:, :at], weight[:, :at], falling=True) + _squares(y[:, at:], weight[:, at:], falling=False)
        beyond += int((noise > left[at]).sum())
        if beyond > ALLOWED:
            return False
        level = (weight * y).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        level_beyond += int(((weight * (y - level) ** 2).sum(axis=1) > left[at]).sum())
    if level_beyond <= ALLOWED:  # one level for all values is a valley, too, and its lowest point is at every place
        return True
    counts = np.zeros(len(left))
    for y, weight in _draws(variance, df):
        counts += (_left_over(y, weight) > left).sum(axis=0)
    return bool((counts <= ALLOWED).all())


def _most_by_noise(df: Numbers) -> float:
    """A value that what noise leaves over exceeds with a probability below `LEVEL`, whatever the place.

    It is no more than the sum of the squares of all values, each the square of a t (Cantelli's inequality, and Markov's where the
    variance of such a square is infinite).
    """
    if df.min() <= 2:
        return math.inf
    mean = float((df / (df - 2)).sum())
    if df.min() <= 4:
        return mean / LEVEL
    variance = float((2 * df**2 * (df - 1) / ((df - 2) ** 2 * (df - 4))).sum())
    return min(mean / LEVEL, mean + math.sqrt(variance * (1 / LEVEL - 1)))


def _draws(variance: Numbers, df: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Values of settings that are all equal, and their weights. Their noise is estimated as coarsely as that of the runs."""
    rng = np.random.default_rng(RANDOM_SEED)
    rows = max(1, BATCH // len(df))
    for start in range(0, DRAWS, rows):
        shape = min(rows, DRAWS - start), len(df)
        seen = variance * rng.chisquare(df, shape) / df
        yield np.sqrt(variance) * rng.standard_normal(shape), 1 / seen


def _left_over(y_NK: Numbers, weight_NK: Numbers) -> Numbers:
    """Weighted squares that the best valley with its lowest point between a − 1 and a leaves over, a = 0..K: (N, K + 1)."""
    falling = _falling(y_NK, weight_NK)
    return falling + _falling(y_NK[:, ::-1], weight_NK[:, ::-1])[:, ::-1]


def _falling(y_NK: Numbers, weight_NK: Numbers) -> Numbers:
    """What the best non-increasing fit to the first a values leaves over, a = 0..K: (N, K + 1).

    Each value joins the level before it as long as that one is lower (pool adjacent violators). The levels of the first a values
    are those of the first a − 1 but for the last ones, so one pass has them all (Stout 2008).
    """
    left = np.zeros((len(y_NK), y_NK.shape[1] + 1))
    for row, (values, weights) in enumerate(zip(y_NK.tolist(), weight_NK.tolist(), strict=True)):
        levels: list[tuple[float, float, float]] = []  # weight, mean, and what is left over up to here
        total = 0.0
        for a, (y, weight) in enumerate(zip(values, weights, strict=True), 1):
            mean, before = y, total
            while levels and levels[-1][1] < mean:
                other, lower, before_it = levels.pop()
                joined = weight + other
                total += weight * other / joined * (mean - lower) ** 2
                weight, mean, before = joined, (weight * mean + other * lower) / joined, before_it
            levels.append((weight, mean, before))
            left[row, a] = total
    return left


def _squares(y_NK: Numbers, weight_NK: Numbers, *, falling: bool) -> Numbers:
    """What the best falling, or rising, fit to all values leaves over: (N,).

    All runs of neighbours in the wrong order are pooled at once, until there are none: in which order they are does not matter.
    """
    count, size = y_NK.shape
    if size < 2:
        return np.zeros(count)
    y, weight = (y_NK if falling else -y_NK).ravel(), weight_NK.ravel()
    squares = np.zeros(count)
    row = np.repeat(np.arange(count), size)
    while True:
        starts = np.flatnonzero(np.concatenate([[True], (y[1:] <= y[:-1]) | (row[1:] != row[:-1])]))
        if len(starts) == len(y):
            return squares
        joined = np.add.reduceat(weight, starts)
        mean = np.add.reduceat(weight * y, starts) / joined
        spread = weight * (y - np.repeat(mean, np.diff(np.append(starts, len(y))))) ** 2
        squares += np.bincount(row, weights=spread, minlength=count)
        y, weight, row = mean, joined, row[starts]
