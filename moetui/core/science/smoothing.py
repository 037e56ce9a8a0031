"""A smooth line through a noisy curve."""

import numpy as np
import numpy.typing as npt

NEGLIGIBLE = 1e-9
"""Weight below which an old value no longer counts."""


def debiased_ema(
    values: npt.ArrayLike, weight: float, *, known: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float64]:
    """The exponential moving average s_i = w·s_{i−1} + (1 − w)·y_i, divided by 1 − w^i so that the start is not drawn to zero.

    Non-finite values stay where they are, and the average goes on as if they were not there. `weight` is in [0, 1). `known` is what
    this gave for the first of the values, from where it goes on. The division is that of Kingma and Ba (2015, §3).
    """
    y = np.array(values, dtype=np.float64)
    begun = 0 if known is None else known.size
    before = np.empty(0) if known is None else known[np.isfinite(known)]
    rest = y[begun:]
    finite = np.isfinite(rest)
    average = (1 - weight) * rest[finite]
    if average.size and before.size:
        average[0] += weight * before[-1] * (1 - weight**before.size)
    decay, reach = weight, 1
    # Each pass doubles how far back every sum reaches: n log(1/NEGLIGIBLE) operations, none of them a Python loop over points.
    while reach < average.size and decay > NEGLIGIBLE:
        average[reach:] += decay * average[:-reach]
        decay, reach = decay * decay, 2 * reach
    count = before.size + np.arange(1, average.size + 1)
    rest[finite] = average / -np.expm1(np.log(weight) * count) if weight else average
    y[:begun] = y[:begun] if known is None else known
    return y
