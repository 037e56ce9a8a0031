"""The best learning rate between the tried ones: a local parabola in log LR, and how far noise could move its lowest point.

The interval comes from a parametric bootstrap: means are drawn around the measured ones, and the whole procedure (which tried
learning rate is best, which are near it, where the parabola is lowest) is repeated for each draw.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moetui.core.science.student import ALPHA
from moetui.core.science.summary import NO_SPREAD, pooled_sd

Numbers = npt.NDArray[np.float64]

WINDOW = math.log(3)
"""Learning rates within a factor of three of the best take part in the fit, and always its neighbours."""
DRAWS = 4000
RANDOM_SEED = 20210908  # of the bootstrap: the same runs always give the same interval


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best learning rate. `fitted` tells a parabola's lowest point from the best one tried, which has a `reason`.

    `low` to `high` is the 95 % interval, None without repeated seeds; `log_sd` the spread of ln(lr) behind it. `curvature` is
    the second derivative of the fitted value in ln(lr).
    """

    lr: float
    fitted: bool
    reason: str = ""
    low: float | None = None
    high: float | None = None
    log_sd: float | None = None
    curvature: float | None = None

    @property
    def cost_of_factor_two(self) -> float | None:
        """How much worse the fitted value is at twice or half the best learning rate."""
        return None if self.curvature is None else 0.5 * self.curvature * math.log(2) ** 2


def find_optimum(lrs: Sequence[float], samples: Sequence[Sequence[float]], *, draws: int = DRAWS) -> Optimum:
    """The learning rate of the lowest value. `lrs` ascend; `samples` holds the finite values measured at each, at least one."""
    x = np.log(np.asarray(lrs, dtype=np.float64))
    counts = np.array([len(values) for values in samples], dtype=np.float64)
    means = np.array([np.mean(values) for values in samples], dtype=np.float64)
    best = _lowest(means[None])[0]
    window = _window(x, best)
    place, curvature, reason = _lowest_point(x, means, counts, best)
    low, high, log_sd = _bootstrap(x, means, counts, pooled_sd(*(samples[i] for i in window)), draws)
    lr = lrs[best] if reason else math.exp(place)
    return Optimum(lr, not reason, reason, low, high, log_sd, curvature)


def _lowest(means_BK: Numbers) -> npt.NDArray[np.intp]:
    """The index of the lowest mean in each row; of several that are equal, the middle one."""
    tied = means_BK == means_BK.min(axis=1, keepdims=True)
    middle = (tied.sum(axis=1) + 1) // 2
    first: npt.NDArray[np.intp] = np.argmax(np.cumsum(tied, axis=1) == middle[:, None], axis=1)
    return first


def _window(x: Numbers, best: int) -> list[int]:
    near = np.abs(x - x[best]) <= WINDOW
    near[max(best - 1, 0) : best + 2] = True
    return [int(index) for index in np.flatnonzero(near)]


def _parabola(x: Numbers, counts: Numbers, best: int) -> tuple[list[int], Numbers]:
    """The points that take part, and the matrix that takes their means to slope and half the curvature at the best one."""
    window = _window(x, best)
    weight = np.sqrt(counts[window])
    offset = x[window] - x[best]
    design = np.stack([np.ones_like(offset), offset, offset**2], axis=1)
    solve: Numbers = np.linalg.pinv(design * weight[:, None])[1:] * weight
    return window, solve


def _lowest_point(x: Numbers, means: Numbers, counts: Numbers, best: int) -> tuple[float, float | None, str]:
    """ln(lr) of the parabola's lowest point, its curvature, and why the best tried one is taken instead, if it is."""
    if len(x) < 3:
        return x[best], None, f"a fit needs three learning rates, there are {len(x)}"
    if best in (0, len(x) - 1):
        return x[best], None, f"the best is the {'lowest' if best == 0 else 'highest'} that trained"
    window, solve = _parabola(x, counts, best)
    slope, half = solve @ means[window]
    if half <= 1e-12 * np.abs(means).max():
        return x[best], None, "the values around the best do not curve upwards"
    place = x[best] - slope / (2 * half)
    if not x[window[0]] <= place <= x[window[-1]]:
        return x[best], None, "the lowest point of the fit lies outside the fitted learning rates"
    return float(place), float(2 * half), ""


def _bootstrap(
    x: Numbers, means: Numbers, counts: Numbers, noise: tuple[float | None, int], draws: int
) -> tuple[float | None, float | None, float | None]:
    """The interval and the spread of ln(lr). `noise` is the standard deviation between seeds and its degrees of freedom.

    The standard deviation is itself drawn from what its degrees of freedom leave open (a scaled inverse χ²), which gives
    the means Student's t distribution (Gelman et al. 2013, §3.2).
    """
    sd, df = noise
    if sd is None or sd <= NO_SPREAD * np.abs(means).max():
        return None, None, None
    rng = np.random.default_rng(RANDOM_SEED)
    spread_B = sd * np.sqrt(df / rng.chisquare(df, size=draws))
    means_BK = means + spread_B[:, None] * rng.standard_normal((draws, len(x))) / np.sqrt(counts)
    places = _places(x, means_BK, counts)
    low, high = np.exp(np.quantile(places, [ALPHA / 2, 1 - ALPHA / 2]))
    return float(low), float(high), float(places.std())


def _places(x: Numbers, means_BK: Numbers, counts: Numbers) -> Numbers:
    """`_lowest_point` for many draws at once."""
    best_B = _lowest(means_BK)
    places: Numbers = x[best_B].copy()
    for best in range(1, len(x) - 1):
        rows = np.flatnonzero(best_B == best)
        if not len(rows):
            continue
        window, solve = _parabola(x, counts, best)
        slope, half = solve @ means_BK[rows][:, window].T
        curved = half > 0
        place = x[best] - slope / (2 * np.where(curved, half, 1.0))
        inside = curved & (x[window[0]] <= place) & (place <= x[window[-1]])
        places[rows[inside]] = place[inside]
    return places
