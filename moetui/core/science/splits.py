"""How wide an answer about the best learning rate will be, from noise and curvature, before its runs are there.

Rates stand at factors of √2, and the parabola of `transfer.best_rate` goes through five of them. With the best rate δ beside the
middle one, curvature a, noise σ and s paired seeds, its place has the variance

    σ² / (s · a²) · (1 / (40 h²) + δ² / (14 h⁴)),   h = ln √2

(errors of slope and curvature of a least-squares parabola through five equidistant points). Further rates make it likelier that
the best one lies inside; they do not make its place surer. Widths of several sizes follow from these variances as
`transfer.Line` works them out: from the scatter about the line from four sizes on, else from the noise at each size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from moetui.core.science.student import quantile
from moetui.core.science.transfer import FEWEST_FOR_SCATTER, WINDOW, Found, Numbers, fit, line_weights

SPACING: Final = math.log(2) / 2
"""Between two rates, in ln(lr)."""
RATES: Final = (5, 7, 9)
"""Numbers of rates at a size. (The study of widths in docs/transfer.md gave the two defaults below.)"""
NOISE: Final = 0.02
"""Standard deviation of a run in nats, effects of seed and rate taken out, where nothing was measured: as over widths."""
CURVATURE: Final = 0.15
"""Half the second derivative of the loss in ln(lr), in nats, where nothing was measured: as over widths."""
UNKNOWN: Final = 0.5
"""Standard deviation of ln lr* where no sweep has shown it: a preset's rate is right within a factor of 2.7."""
EXPONENT: Final = 0.5
"""Standard deviation of the exponent over sizes where one size is known."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What expected widths rest on: noise of a run (nats) and curvature (nats per ln(lr)²).

    `sizes` tells from how many; of none, the defaults stand.
    """

    noise: float = NOISE
    curvature: float = CURVATURE
    sizes: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the best rate of a size is expected, in ln(lr), and the standard deviation of that."""

    ln_lr: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Grid:
    """The rates of one size: where their middle is in ln(lr), and where the best one is expected."""

    middle: float
    best: Place


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be expected: half the 95 % interval of ln lr*, and the chance that every size's best rate lies inside its grid."""

    half: float
    inside: float

    @property
    def factor(self) -> float:
        """How far the ends of the interval lie from the rate."""
        return math.exp(self.half)


def ground(found: Sequence[Found]) -> Ground:
    """Noise and curvature of the sizes that were measured with several seeds; noise pooled, curvature the mean."""
    known = [(one.noise, one.df, one.curvature) for one in found if one.noise is not None and one.df]
    if not known:
        return Ground()
    noise, df, curvature = np.array(known).T
    return Ground(math.sqrt(float(noise @ df / df.sum())), float(curvature.mean()), len(known))


def place(found: Sequence[Found], size: float | None, otherwise: float) -> Place:
    """Where the best rate of a size is expected: by the line through those found, by the only one, or `otherwise`."""
    if not found:
        return Place(otherwise, UNKNOWN)
    if len(found) > 1 and size is not None:
        told = fit(found).at(size)
        return Place(math.log(told.lr), UNKNOWN if told.factor is None else math.log(told.factor) / 2)
    (one,) = found[-1:]
    far = 0.0 if size is None else abs(math.log(size / one.size))
    return Place(one.place, math.hypot(math.sqrt(one.variance or SPACING**2), EXPONENT * far))


def outlook(
    known: Ground, sizes: Sequence[float], grids: Sequence[Grid], *, rates: int, seeds: int, goal: float | None
) -> Outlook:
    """What so many rates and seeds at these sizes are expected to tell.

    With a `goal`, the answer is the best rate at that size as a study of the same kind would find it; without one, of a single
    size, the best rate there.
    """
    places = [_place(known, grid, rates, seeds) for grid in grids]
    variances = np.array([variance for variance, _ in places])
    inside = math.prod(chance for _, chance in places)
    df = float((seeds - 1) * (WINDOW - 1))
    if goal is None:
        return Outlook(_mean_half(df, math.sqrt(float(variances[0]))), inside)
    x = np.log(np.array(sizes, dtype=np.float64))
    weights = line_weights(x, math.log(goal))
    if len(sizes) >= FEWEST_FOR_SCATTER:
        leverage = np.array([line_weights(x, at)[step] for step, at in enumerate(x)])
        left = float(variances @ (1 - leverage)) / (len(x) - 2)
        return Outlook(_mean_half(len(x) - 2, math.sqrt(left * (float(weights @ weights) + 1))), inside)
    parts = (weights**2 + 1 / len(x)) * variances
    total = float(parts.sum())
    return Outlook(_mean_half(df * total**2 / float((parts**2).sum()), math.sqrt(total)), inside)


def _place(known: Ground, grid: Grid, rates: int, seeds: int) -> tuple[float, float]:
    """The variance of the place of the best rate if it lies inside the grid, and the chance that it does."""
    scale = known.noise**2 / (seeds * known.curvature**2)
    least = scale / (40 * SPACING**2)
    z = np.linspace(-4.0, 4.0, 201)
    weight = np.exp(-z * z / 2)
    weight /= weight.sum()
    half = (rates - 1) / 2
    spread = math.hypot(grid.best.unknown, math.sqrt(least))  # noise, too, takes the best one seen to an end
    seen = np.rint((grid.best.ln_lr - grid.middle + spread * z) / SPACING)
    chance = float(weight[np.abs(seen) < half].sum())
    beside = grid.best.ln_lr - grid.middle + grid.best.unknown * z
    reach = half - WINDOW // 2
    middle = np.clip(np.rint(beside / SPACING), -reach, reach) * SPACING
    within = np.abs(np.rint(beside / SPACING)) < half
    if not within.any():
        return math.inf, 0.0
    offset: Numbers = (beside - middle)[within]
    return least + scale * float((offset**2) @ weight[within] / weight[within].sum()) / (14 * SPACING**4), chance


def _mean_half(df: float, error: float) -> float:
    """Student's half interval with the mean of an estimated standard error: √(2/df) · Γ((df + 1)/2) / Γ(df/2) of the true one."""
    if not math.isfinite(error):
        return math.inf
    share = math.sqrt(2 / df) * math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2))
    return quantile(df) * share * error
