"""Where the best learning rate lies: a bracket that assumes one valley, and an interval where the values show a curvature.

The bracket reaches from the left neighbour of the lowest to the right neighbour of the highest learning rate that may be the best
(Hsu's comparisons with the best). If the response falls and then rises, its lowest point is in there, whatever its shape.

The interval is that of the lowest point of a local parabola in ln(lr): all places where its slope may be zero (Fieller 1954). No
response is a parabola, so it is widened by what the curvatures at the best and in two windows on each side of it leave open: by
nothing where they are equal, by a quarter of the window where they differ by a factor of four. Where they differ by more than
sixteen, or are not shown beyond noise (a corner, a wall, a flat bottom), a parabola says nothing and the bracket stands.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moetui.core.science.student import quantile
from moetui.core.science.valleys import one_valley_ruled_out

Numbers = npt.NDArray[np.float64]

UNEQUAL = 16.0
"""Beyond this ratio of curvatures no interval is given."""
CAUTION = 2.0
"""Standard errors that are taken off the least curvature."""
WINDOWS = (-2, -1, 0, 1, 2)
"""Where curvatures are measured, in reaches of a window from the best. A corner lies in the inner three only, so the outer two tell
it from a curve: without them a flat stretch before a wall gets an interval in most studies, and mostly a wrong one."""
SIDE = max(WINDOWS) + 1
"""Learning rates that the outer windows need on each side of the best."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """Learning rates between which the best one lies (95 %) if the response has one valley; None where an end is open."""

    low: float | None
    high: float | None

    @property
    def closed(self) -> bool:
        """Whether both ends are known."""
        return self.low is not None and self.high is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The best learning rate: the lowest point of a fit with its 95 % interval, or else the best one tried with the `reason`.

    `bracket` is None where the noise is not known. `valleys` are the learning rates of two valleys, the lower one first, where
    a single valley is ruled out.
    """

    lr: float
    fitted: bool = False
    reason: str = ""
    low: float | None = None
    high: float | None = None
    bracket: Bracket | None = None
    valleys: tuple[float, float] | None = None

    @property
    def stated(self) -> tuple[float | None, float | None]:
        """What is said with 95 %: the interval where there is one, else the bracket; None is an open end."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        return (self.bracket.low, self.bracket.high) if self.bracket else (None, None)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Curve:
    """The settings of a response that have a verdict, by ascending learning rate; lower values are better.

    `variance` and `df` are those of each mean, `may_be_best` tells Hsu's candidates.
    `diverged` are the learning rates at which runs diverged.
    """

    lrs: Sequence[float]
    mean: Numbers
    variance: Numbers
    df: Numbers
    may_be_best: npt.NDArray[np.bool_]
    diverged: Sequence[float] = ()


def find_optimum(curve: Curve) -> Optimum:
    """What can be said of the best learning rate; `curve` has two learning rates or more."""
    x = np.log(np.asarray(curve.lrs, dtype=np.float64))
    best = int(curve.mean.argmin())
    tried = curve.lrs[best]
    candidates = np.flatnonzero(curve.may_be_best)
    bracket = _bracket(curve, candidates)
    valleys = _valleys(curve)
    gap = len(candidates) <= candidates[-1] - candidates[0]
    reason = _too_little(curve, best, bracket, gap=gap)
    found = None if reason else _interval(x, curve, best, bracket)
    if found is None:
        reason = reason or "the values around the best do not show the curvature that a fit needs"
        return Optimum(lr=tried, reason=reason, bracket=bracket, valleys=valleys)
    point, low, high = (math.exp(place) for place in found)
    return Optimum(lr=point, fitted=True, low=low, high=high, bracket=bracket, valleys=valleys)


def _bracket(curve: Curve, candidates: npt.NDArray[np.intp]) -> Bracket:
    """The nearest learning rates outside of the candidates that are not the best; one at which runs diverged is none, either."""
    lowest, highest = curve.lrs[candidates[0]], curve.lrs[candidates[-1]]
    outside = [*curve.lrs, *curve.diverged]
    return Bracket(
        max((lr for lr in outside if lr < lowest), default=None),
        min((lr for lr in outside if lr > highest), default=None),
    )


def _valleys(curve: Curve) -> tuple[float, float] | None:
    """The lowest learning rates on the two sides of the highest hump, if one valley is ruled out."""
    mean = curve.mean
    if len(mean) < 3 or not one_valley_ruled_out(mean, curve.variance, curve.df):
        return None
    hump = max(range(1, len(mean) - 1), key=lambda top: mean[top] - max(mean[:top].min(), mean[top + 1 :].min()))
    sides = int(mean[:hump].argmin()), hump + 1 + int(mean[hump + 1 :].argmin())
    lower, higher = sorted(sides, key=lambda index: float(mean[index]))
    return curve.lrs[lower], curve.lrs[higher]


def _too_little(curve: Curve, best: int, bracket: Bracket, *, gap: bool) -> str:
    """Why no fit is tried; empty if one is."""
    last = len(curve.lrs) - 1
    if best in (0, last):
        return f"the best is the {'lowest' if best == 0 else 'highest'} that can be judged"
    if not bracket.closed:
        return "the best may lie beyond the learning rates tried"
    if gap:
        return "learning rates that may be the best do not lie next to each other"
    if best < SIDE or best > last - SIDE:
        return f"a fit needs {SIDE} learning rates on each side of the best"
    return ""


def _interval(x: Numbers, curve: Curve, best: int, bracket: Bracket) -> tuple[float, float, float] | None:
    """Lowest point and interval in ln(lr), the narrowest of the windows that reach half-way to both ends of the bracket."""
    assert bracket.low is not None
    assert bracket.high is not None
    low, high = math.log(bracket.low), math.log(bracket.high)
    found: tuple[float, float, float] | None = None
    for reach in range(1, min(best, len(x) - 1 - best) // SIDE + 1):
        left, right = x[best] - x[best - reach], x[best + reach] - x[best]
        if left < (x[best] - low) / 2 - 1e-9 or right < (high - x[best]) / 2 - 1e-9:
            continue
        share = _unevenness(x, curve, best, reach)
        zero = _zero_of_slope(x, curve, best, reach)
        if share is None or zero is None:
            continue
        wider = share * (left + right) / 2
        ends = max(zero[1] - wider, low), min(zero[2] + wider, high)
        if ends[0] < ends[1] and (found is None or ends[1] - ends[0] < found[2] - found[1]):
            found = min(max(zero[0], ends[0]), ends[1]), *ends
    return found


def _zero_of_slope(x: Numbers, curve: Curve, best: int, reach: int) -> tuple[float, float, float] | None:
    """The lowest point of the parabola and the places where its slope may be zero; None if that is no interval (Fieller 1954)."""
    window = slice(best - reach, best + reach + 1)
    weights = _parabola(x[window], x[best])
    slope, half = weights @ curve.mean[window]
    if half <= 0:
        return None
    (a, b), (_, c) = (weights * curve.variance[window]) @ weights.T
    t2 = quantile(min(_df(weights[0], curve, window), _df(weights[1], curve, window))) ** 2
    # Places v, from the best, with (slope + 2 half v)² ≤ t² var(slope + 2 half v).
    square, linear, constant = 4 * (half**2 - t2 * c), 4 * (slope * half - t2 * b), slope**2 - t2 * a
    inside = linear**2 - 4 * square * constant
    if square <= 0 or inside <= 0:
        return None
    root = math.sqrt(inside)
    ends = [x[best] + (-linear + sign * root) / (2 * square) for sign in (-1, 1)]
    return float(x[best] - slope / (2 * half)), float(ends[0]), float(ends[1])


def _unevenness(x: Numbers, curve: Curve, best: int, reach: int) -> float | None:
    """1 − R^(−½), with R the ratio of the largest to the least curvature in `WINDOWS`, as far as noise allows.

    This times half the window bounds how far the lowest point of a smooth curve lies from that of the parabola. None if R is above
    `UNEQUAL`.
    """
    curvatures, errors = [], []
    for centre in (best + steps * reach for steps in WINDOWS):
        window = slice(centre - reach, centre + reach + 1)
        weights = _parabola(x[window], x[centre])[1]
        curvatures.append(float(weights @ curve.mean[window]))
        errors.append(math.sqrt(float(weights**2 @ curve.variance[window])))
    most = max(curvature + error for curvature, error in zip(curvatures, errors, strict=True))
    least = min(curvature - CAUTION * error for curvature, error in zip(curvatures, errors, strict=True))
    return None if least <= 0 or most > UNEQUAL * least else 1 - math.sqrt(least / most)


def _parabola(x: Numbers, centre: float) -> Numbers:
    """The weights that take values at `x` to the slope and half the curvature at the centre, by least squares."""
    offset = x - centre
    weights: Numbers = np.linalg.pinv(np.stack([np.ones_like(offset), offset, offset**2], axis=1))[1:]
    return weights


def _df(weights: Numbers, curve: Curve, window: slice) -> float:
    """Degrees of freedom of the variance of a weighted sum of means (Satterthwaite 1946)."""
    parts = weights**2 * curve.variance[window]
    return float(parts.sum() ** 2 / (parts**2 / curve.df[window]).sum())
