"""Procedures that the present ones replaced, and one that is often taken: contestants for widths, power and error rates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from moetui.core.science.simultaneous import all_pairs
from moetui.core.science.student import ALPHA, z_as_t
from tests.simulations.truths import Numbers

WINDOW = math.log(3)
DRAWS = 1000
RANDOM_SEED = 20210908


@dataclass(frozen=True, eq=False, slots=True)
class Told:
    """Which setting (row) is told apart from which (column), and the estimates of row less column."""

    apart: np.ndarray
    gap: Numbers


def holm_pairs(values: Numbers) -> Told:
    """All pairs by paired t tests, or Welch's where seeds are not shared, with Holm's correction (1979)."""
    settings = len(values)
    first, second = np.triu_indices(settings, 1)
    p = np.array([_p(values[i], values[j]) for i, j in zip(first, second, strict=True)])
    apart = np.zeros((settings, settings), dtype=np.bool_)
    apart[first, second] = apart[second, first] = _holm(p) < ALPHA
    return Told(apart, _gaps(values))


def named_best(values: Numbers) -> Told:
    """The lowest setting against the others, as if it had been named beforehand, with Holm's correction for these alone."""
    settings, best = len(values), int(np.nanmean(values, axis=1).argmin())
    others = [i for i in range(settings) if i != best]
    apart = np.zeros((settings, settings), dtype=np.bool_)
    apart[others, best] = apart[best, others] = _holm(np.array([_p(values[i], values[best]) for i in others])) < ALPHA
    return Told(apart, _gaps(values))


def pooled_range(values: Numbers) -> Told:
    """Tukey's range with one variance for all settings, seeds as blocks; for complete designs."""
    settings, seeds = values.shape
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    df = (settings - 1) * (seeds - 1)
    error = math.sqrt(2 * float((rest**2).sum()) / df / seeds)
    gap = _gaps(values)
    critical = float(z_as_t(all_pairs(settings, ALPHA), np.array([float(df)]))[0])
    return Told(np.abs(gap) > critical * error, gap)


def _gaps(values: Numbers) -> Numbers:
    mean = np.nanmean(values, axis=1)
    return np.asarray(mean[:, None] - mean)


def _p(first: Numbers, second: Numbers) -> float:
    both = np.isfinite(first) & np.isfinite(second)
    sides = [side[np.isfinite(side)] for side in (first, second)]
    if both.sum() >= 2 and 2 * both.sum() >= max(map(len, sides)):
        gaps = first[both] - second[both]
        error, df, estimate = math.sqrt(gaps.var(ddof=1) / len(gaps)), len(gaps) - 1.0, float(gaps.mean())
    else:
        parts = [side.var(ddof=1) / len(side) for side in sides]
        error, estimate = math.sqrt(sum(parts)), float(sides[0].mean() - sides[1].mean())
        df = sum(parts) ** 2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, sides, strict=True))
    return float(2 * stdtr(df, -abs(estimate) / error))


def _holm(p: Numbers) -> Numbers:
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return adjusted


def parabola_bootstrap(lrs: Numbers, samples: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """The 95 % interval of the lowest point of a parabola, by a parametric bootstrap; None without repeated seeds."""
    x = np.log(lrs)
    counts = np.array([len(values) for values in samples], dtype=np.float64)
    means = np.array([np.mean(values) for values in samples])
    near = _window(x, int(means.argmin()))
    squares = sum(float(np.sum((np.array(samples[i]) - means[i]) ** 2)) for i in near)
    df = int(counts[near].sum()) - len(near)
    if df < 1 or not squares:
        return None
    rng = np.random.default_rng(RANDOM_SEED)
    sigma = np.sqrt(squares / rng.chisquare(df, DRAWS))
    places = _places(x, means + sigma[:, None] * rng.standard_normal((DRAWS, len(x))) / np.sqrt(counts), counts)
    low, high = np.quantile(places, [ALPHA / 2, 1 - ALPHA / 2])
    return float(np.exp(low)), float(np.exp(high))


def _window(x: Numbers, best: int) -> list[int]:
    near = np.abs(x - x[best]) <= WINDOW
    near[max(best - 1, 0) : best + 2] = True
    return [int(index) for index in np.flatnonzero(near)]


def _places(x: Numbers, means_BK: Numbers, counts: Numbers) -> Numbers:
    """The lowest point of the parabola around the best of each draw, or the best itself where there is none."""
    best_B = means_BK.argmin(axis=1)
    places: Numbers = x[best_B].copy()
    for best in range(1, len(x) - 1):
        rows = np.flatnonzero(best_B == best)
        if not len(rows):
            continue
        window = _window(x, best)
        weight, offset = np.sqrt(counts[window]), x[window] - x[best]
        design = np.stack([np.ones_like(offset), offset, offset**2], axis=1)
        slope, half = (np.linalg.pinv(design * weight[:, None])[1:] * weight) @ means_BK[rows][:, window].T
        place = x[best] - slope / (2 * np.where(half > 0, half, 1.0))
        inside = (half > 0) & (x[window[0]] <= place) & (place <= x[window[-1]])
        places[rows[inside]] = place[inside]
    return places
