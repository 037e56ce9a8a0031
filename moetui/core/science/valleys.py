"""Whether a response has two valleys: whether any single valley is compatible with its values.

For each place that the lowest point may have, the best curve that falls up to it and rises after it is fitted (isotonic
regression). What it leaves over is held against what noise leaves over where all values are equal, at which a true valley is
rejected most often (Robertson, Wright and Dykstra 1988, §2.3). One valley is ruled out if it is at every place.
"""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

LEVEL = 0.05
DRAWS = 2000
RANDOM_SEED = 19880101  # of the draws: the same values always get the same answer
MOST = 60
"""With more learning rates, which the cost of the drawing forbids, two valleys are not looked for."""
NEGLIGIBLE = 3.0
"""A weighted sum of squares below this is left over by noise more often than not; then nothing has to be drawn."""


def one_valley_ruled_out(mean: Numbers, variance: Numbers, df: Numbers) -> bool:
    """Whether the means, in the order of their learning rates, cannot come from one valley; lower is better.

    `variance` and `df` are those of each mean.
    """
    if len(mean) > MOST:
        return False
    left = _left_over(mean[None], 1 / variance[None])[0]
    if left.min() < NEGLIGIBLE:
        return False
    rng = np.random.default_rng(RANDOM_SEED)
    shape = DRAWS, len(mean)
    seen = variance * rng.chisquare(df, shape) / df  # the noise of a draw is estimated as coarsely as that of the runs
    noise = _left_over(np.sqrt(variance) * rng.standard_normal(shape), 1 / seen)
    return bool((left > np.quantile(noise, 1 - LEVEL, axis=0)).all())


def _left_over(y_NK: Numbers, weight_NK: Numbers) -> Numbers:
    """Weighted squares that the best valley with its lowest point between a − 1 and a leaves over, a = 0..K: (N, K + 1)."""
    falling = _falling(y_NK, weight_NK)
    return falling + _falling(y_NK[:, ::-1], weight_NK[:, ::-1])[:, ::-1]


def _falling(y_NK: Numbers, weight_NK: Numbers) -> Numbers:
    """What the best non-increasing fit to the first a values leaves over, a = 0..K, by the min-max formula."""
    count, size = y_NK.shape
    none = np.zeros((count, 1))
    total = np.concatenate([none, np.cumsum(y_NK * weight_NK, axis=1)], axis=1)
    weights = np.concatenate([none, np.cumsum(weight_NK, axis=1)], axis=1)
    start, end = np.arange(size)[:, None], np.arange(size)[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        block = (total[:, None, 1:] - total[:, :-1, None]) / (weights[:, None, 1:] - weights[:, :-1, None])
    block = np.where(end >= start, block, np.nan)  # the mean of each stretch of values
    left = np.zeros((count, size + 1))
    for a in range(2, size + 1):
        fit = np.stack([block[:, : i + 1, i:a].max(axis=2).min(axis=1) for i in range(a)], axis=1)
        left[:, a] = (weight_NK[:, :a] * (y_NK[:, :a] - fit) ** 2).sum(axis=1)
    return left
