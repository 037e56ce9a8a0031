"""How the best learning rate moves with the size of the model or the training, and what that says of a size not tried.

At each size the best rate is the lowest point of a parabola in ln(lr) through the mean losses of up to five rates around the best
one tried. Its variance follows from the noise that is left when seeds and rates are taken out (seeds are paired, so what all rates
of a seed share cancels). Through the sizes goes a line, ln lr* = a + b · ln(size), by least squares.

An interval is that of the best rate as a study of the same kind would find it at that size. From four sizes on it is Student's,
from the scatter about the line, which holds noise, the error of the parabola's shape and that of the line's alike. Of three sizes
the line's own error cannot be seen: there the interval is that of the noise, and says so.

Whether the exponent changes along the ladder is tested against the noise: the scatter about a line of four sizes has two degrees of
freedom, and shows a bend in a fifth of the cases in which the noise shows it in four fifths.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from moetui.core.science.student import POWER, quantile

Numbers = npt.NDArray[np.float64]

WINDOW: Final = 5
"""Rates around the best one that the parabola goes through."""
FEWEST_FOR_SCATTER: Final = 4
"""Sizes from which on the scatter about the line is worth an interval."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The losses at one size: by learning rate, then by seed. A rate at which any run diverged is in `diverged` alone."""

    size: float
    losses: Mapping[float, Mapping[int, float]]
    diverged: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The best rate at one size: ln lr*, its variance with degrees of freedom (both None with one seed), the loss there.

    `curvature` is half the second derivative of the loss in ln(lr), `rates` what the parabola goes through. `noise` is the
    variance between runs that is left without the effects of seed and rate; None with one seed.
    """

    size: float
    place: float
    variance: float | None
    df: float | None
    loss: float
    curvature: float
    rates: tuple[float, ...]
    noise: float | None = None

    @property
    def lr(self) -> float:
        """The best rate."""
        return math.exp(self.place)

    @property
    def ends(self) -> tuple[float, float] | None:
        """The 95 % interval of the best rate by the noise of this size; None with one seed."""
        if self.variance is None or not self.df:
            return None
        half = quantile(self.df) * math.sqrt(self.variance)
        return math.exp(self.place - half), math.exp(self.place + half)

    def regret(self, lr: float) -> float:
        """What another rate costs in loss, by the parabola."""
        return self.curvature * (math.log(lr) - self.place) ** 2


@dataclass(frozen=True, slots=True)
class Missing:
    """A size whose best rate cannot be told, and why."""

    size: float
    reason: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """The best rate at a size: `low` to `high` with 95 %; both None where neither noise nor scatter is known."""

    size: float
    lr: float
    low: float | None
    high: float | None

    @property
    def factor(self) -> float | None:
        """How far the ends lie from the rate, as a factor."""
        return None if self.high is None else self.high / self.lr


@dataclass(frozen=True, slots=True)
class Bend:
    """By how much the exponent changes from the first to the last size, with p and the change that would be found in 80 %."""

    change: float
    p: float
    detectable: float

    @property
    def found(self) -> bool:
        """Whether no change is ruled out at 5 %."""
        return self.p < 0.05


@dataclass(frozen=True, slots=True)
class Line:
    """ln lr* = intercept + exponent · ln(size), with the 95 % interval of the exponent where one is known.

    `by_scatter`: intervals are those of the scatter about the line, else those of the noise at each size.
    """

    found: tuple[Found, ...]
    intercept: float
    exponent: float
    low: float | None
    high: float | None
    by_scatter: bool
    bend: Bend | None

    def at(self, size: float) -> Prediction:
        """The best rate at a size."""
        x = np.array([math.log(one.size) for one in self.found])
        weights = line_weights(x, math.log(size))
        place = self.intercept + self.exponent * math.log(size)
        half = _half_width(self.found, weights, of_a_study=True)
        low, high = (None, None) if half is None else (math.exp(place - half), math.exp(place + half))
        return Prediction(size, math.exp(place), low, high)

    @property
    def reach(self) -> float:
        """The largest size that the ladder bears; see `reach`."""
        bent = self.bend is not None and self.bend.found
        return reach(self.found[0].size, self.found[-1].size, len(self.found), bent=bent)

    @property
    def next_size(self) -> float:
        """The size that a picture predicts: twice the last, or as far as the ladder bears."""
        return min(2 * self.found[-1].size, self.reach)


@dataclass(frozen=True, slots=True)
class Held:
    """The largest size left out: what the others say of it, what was found there, and what their rate would have cost."""

    predicted: Prediction
    found: Found

    @property
    def error(self) -> float:
        """The rate found over the rate predicted."""
        return self.found.lr / self.predicted.lr

    @property
    def regret(self) -> float:
        """The loss at the predicted rate less that at the best one."""
        return self.found.regret(self.predicted.lr)


def reach(first: float, last: float, sizes: int, *, bent: bool) -> float:
    """The largest size that a ladder of so many sizes bears.

    As far beyond the last size as the ladder is long (in logarithms), of three sizes half as far; half of either where the
    exponent changes along it.
    """
    share = (1.0 if sizes >= FEWEST_FOR_SCATTER else 0.5) / (1 + bent)
    return float(last * (last / first) ** share * (1 + 1e-9))  # rounding refuses no whole multiple


def best_rate(sweep: Sweep) -> Found | Missing:
    """The best rate of a sweep, or why it cannot be told."""
    rates = sorted(sweep.losses)
    if len(rates) < 3:
        return Missing(sweep.size, f"{len(rates) or 'no'} rates came to a result, and a parabola needs three")
    means = _effects([sweep.losses[rate] for rate in rates]).means
    best = int(means.argmin())
    if best in (0, len(rates) - 1):
        end = "lowest" if best == 0 else "highest"
        beyond = best > 0 and any(rate > rates[-1] for rate in sweep.diverged)
        return Missing(
            sweep.size,
            f"the best rate is the {end} that {'did not diverge' if beyond else 'was tried'}, {rates[best]:g}",
        )
    every = np.log(rates)
    window = _around(every, every[best])
    first = _lowest(every[window], means[window])
    if first is not None:  # the best one tried may be so by noise: look again around the lowest point
        window = _around(every, first[0])
    x = every[window]
    near = _effects([sweep.losses[rate] for rate in rates[window]])
    slope, half = _parabola(x - x.mean())
    b, a = float(slope @ near.means), float(half @ near.means)
    lowest = _lowest(x, near.means)
    if lowest is None:
        return Missing(sweep.size, "the losses around the best rate show no valley that a parabola could follow")
    offset = lowest[0] - float(x.mean())
    level = float(np.mean(near.means - a * (x - x.mean()) ** 2 - b * (x - x.mean())))
    variance = None
    if near.noise is not None:
        moved = -slope / (2 * a) + b * half / (2 * a**2)
        variance = float(moved @ near.covariance @ moved) * near.noise
    place = float(x.mean() + offset)
    df = None if near.noise is None else near.df
    return Found(sweep.size, place, variance, df, level - a * offset**2, a, tuple(rates[window]), near.noise)


def _around(places: Numbers, centre: float) -> slice:
    """The rates nearest to a place that a parabola goes through."""
    nearest = int(np.abs(places - centre).argmin())
    first = min(max(nearest - WINDOW // 2, 0), max(len(places) - WINDOW, 0))
    return slice(first, first + WINDOW)


def _lowest(x: Numbers, values: Numbers) -> tuple[float, float] | None:
    """Place of the lowest point of the parabola, and half its curvature; None without one between the ends."""
    slope, half = _parabola(x - x.mean())
    a = float(half @ values)
    if a <= 0:
        return None
    place = float(x.mean()) - float(slope @ values) / (2 * a)
    return (place, a) if x[0] <= place <= x[-1] else None


def fit(found: Sequence[Found]) -> Line:
    """The line through the best rates of two sizes or more."""
    ordered = tuple(sorted(found, key=lambda one: one.size))
    x = np.array([math.log(one.size) for one in ordered])
    y = np.array([one.place for one in ordered])
    slope = (x - x.mean()) / float(((x - x.mean()) ** 2).sum())
    exponent = float(slope @ y)
    half = _half_width(ordered, slope, of_a_study=False)
    low, high = (None, None) if half is None else (exponent - half, exponent + half)
    scatter = len(ordered) >= FEWEST_FOR_SCATTER
    return Line(ordered, float(y.mean() - exponent * x.mean()), exponent, low, high, scatter, _bend(ordered))


def leave_largest_out(found: Sequence[Found]) -> Held | None:
    """The largest size predicted from the others; None of fewer than three."""
    ordered = sorted(found, key=lambda one: one.size)
    return Held(fit(ordered[:-1]).at(ordered[-1].size), ordered[-1]) if len(ordered) > 2 else None


def _half_width(found: Sequence[Found], weights: Numbers, *, of_a_study: bool) -> float | None:
    """Half the 95 % interval of a weighted sum of ln lr*; `of_a_study` adds the error of one more study."""
    noise = _error(found, weights, of_a_study=of_a_study)
    if len(found) < FEWEST_FOR_SCATTER:
        return None if noise is None else quantile(noise[1]) * noise[0]
    x = np.array([math.log(one.size) for one in found])
    y = np.array([one.place for one in found])
    residuals = y - np.array([line_weights(x, at) @ y for at in x])
    df = len(found) - 2
    scatter = math.sqrt(float(residuals @ residuals) / df * (float(weights @ weights) + of_a_study))
    return quantile(df) * scatter


def _error(found: Sequence[Found], weights: Numbers, *, of_a_study: bool = False) -> tuple[float, float] | None:
    """The standard error of a weighted sum of ln lr* from the noise at each size, and its degrees of freedom (Satterthwaite)."""
    known = [(one.variance, one.df) for one in found if one.variance is not None and one.df]
    if len(known) < len(found):
        return None
    variance, df = np.array(known).T
    shares = weights**2 + (1 / len(found) if of_a_study else 0.0)
    parts = shares * variance
    total = float(parts.sum())
    return (math.sqrt(total), total**2 / float((parts**2 / df).sum())) if total > 0 else None


def _bend(found: Sequence[Found]) -> Bend | None:
    """The change of the exponent along the ladder; None of fewer than four sizes, or with one seed."""
    if len(found) < FEWEST_FOR_SCATTER:
        return None
    from scipy.special import stdtr, stdtrit

    x = np.array([math.log(one.size) for one in found])
    square = _parabola(x - x.mean())[1]
    error = _error(found, square)
    if error is None:
        return None
    # The exponent at x is b + 2 c x, so from the first to the last size it changes by 2 c (last - first).
    scale = 2 * float(x[-1] - x[0])
    change, standard, df = scale * float(square @ [one.place for one in found]), scale * error[0], error[1]
    p = 2 * float(stdtr(df, -abs(change) / standard))
    return Bend(change, p, standard * (quantile(df) + float(stdtrit(df, POWER))))


def line_weights(x: Numbers, at: float) -> Numbers:
    """What the line's value at a place takes of each point."""
    centred = x - x.mean()
    weights: Numbers = 1 / len(x) + centred * (at - x.mean()) / float(centred @ centred)
    return weights


def _parabola(offset: Numbers) -> tuple[Numbers, Numbers]:
    """The weights that take values to the slope at zero and to half the curvature, by least squares."""
    weights = np.linalg.pinv(np.stack([np.ones_like(offset), offset, offset**2], axis=1))
    return weights[1], weights[2]


@dataclass(frozen=True, slots=True)
class _Effects:
    """What the rates do when seeds are taken out: means (R), their covariance in units of the noise (R, R), and the noise.

    `noise` is the variance left between runs, on `df` degrees of freedom; None where none are left.
    """

    means: Numbers
    covariance: Numbers
    noise: float | None
    df: int


def _effects(losses: Sequence[Mapping[int, float]]) -> _Effects:
    """Loss = rate + seed + noise by least squares, so that a rate with other seeds than the others is compared with them fairly.

    Seeds that do not tie the rates together are noise.
    """
    rates = len(losses)
    seeds = sorted(set().union(*losses))
    runs = [(rate, seeds.index(seed), loss) for rate, own in enumerate(losses) for seed, loss in own.items()]
    y = np.array([loss for _, _, loss in runs])
    design = np.zeros((len(runs), rates + len(seeds) - 1))
    for row, (rate, seed, _) in enumerate(runs):
        design[row, rate] = 1.0
        if seed < len(seeds) - 1:
            design[row, rates + seed] = 1.0
        else:
            design[row, rates:] = -1.0  # the effects of all seeds add up to nothing
    if np.linalg.matrix_rank(design) < design.shape[1]:
        design = design[:, :rates]
    inverse = np.asarray(np.linalg.inv(design.T @ design), np.float64)
    fitted = inverse @ design.T @ y
    rest = y - design @ fitted
    df = len(runs) - design.shape[1]
    return _Effects(fitted[:rates], inverse[:rates, :rates], float(rest @ rest) / df if df > 0 else None, df)
