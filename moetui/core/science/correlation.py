"""How strongly a score moves with the learning rate, as the documents report it, with an interval where one holds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from moetui.core.catalogue.records import RunRecord
from moetui.core.science.groups import COUNTING
from moetui.core.science.student import ALPHA, normal_quantile, quantile

Method = Literal["Pearson", "Spearman"]
Numbers = npt.NDArray[np.float64]

LEAST = 8
"""Learning rates below which no interval is given: none was found that holds for responses with an optimum."""
WIDER = 1.5
"""Factor on the jackknife interval. As published it covers 0.88 to 0.94 where the best rate lies in the middle of the others."""
ROUNDING = 1e-13
"""A sum of squares below this share of that of all values is rounding: without one value, the others are all equal."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """The correlation of two columns over `n` learning rates, one mean for each, of `runs` runs; None where a column does not vary.

    Seeds of one learning rate are no further learning rates: they take part in its mean. There is no interval below eight rates.
    """

    x: str
    y: str
    method: Method
    n: int
    runs: int
    r: float | None
    low: float | None = None
    high: float | None = None


def lr_correlations(records: Sequence[RunRecord]) -> tuple[Correlation, ...]:
    """Learning rate and its logarithm against loss, accuracy and perplexity, by the means of the learning rates."""
    found = []
    counted = [(run.lr, run.final) for run in records if run.lr and run.status in COUNTING and run.final]
    for key in ("val_loss", "val_accuracy", "val_perplexity"):
        values: dict[float, list[float]] = {}
        for lr, scores in counted:
            value = getattr(scores, key)
            if value is not None and math.isfinite(value):
                values.setdefault(lr, []).append(value)
        if len(values) < 3:
            continue  # two points always lie on a line
        runs = sum(map(len, values.values()))
        lrs, means = _means(values)
        found += [
            correlation(lrs, means, "Pearson", x_name="lr", y_name=key, runs=runs),
            correlation(np.log(lrs), means, "Pearson", x_name="log lr", y_name=key, runs=runs),
            correlation(lrs, means, "Spearman", x_name="lr", y_name=key, runs=runs),
        ]
    return tuple(found)


def _means(values: Mapping[float, Sequence[float]]) -> tuple[Numbers, Numbers]:
    lrs = sorted(values)
    return np.array(lrs), np.array([math.fsum(values[lr]) / len(values[lr]) for lr in lrs])


def correlation(
    x: Numbers, y: Numbers, method: Method, *, x_name: str = "x", y_name: str = "y", runs: int | None = None
) -> Correlation:
    """Pearson's or Spearman's correlation of columns in ascending order of x, all different.

    The 95 % interval is the wider one of Fisher's (1921) and the widened jackknife's. Ranks get none: where they nearly agree, none
    was found that holds.
    """
    n = len(x)
    ranks = method == "Spearman"
    a, b = (_ranks(x), _ranks(y)) if ranks else (x, y)
    r = _pearson(a, b)
    facts = x_name, y_name, method, n, n if runs is None else runs
    if r is None:
        return Correlation(*facts, None)
    if ranks or n < LEAST or abs(r) > 1 - 1e-12:
        return Correlation(*facts, r)
    half = max(normal_quantile() / math.sqrt(n - 3), WIDER * _jackknife(a, b))
    return Correlation(*facts, r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half))


def _jackknife(a: Numbers, b: Numbers) -> float:
    """Half the jackknife interval of artanh r: t(n−2) times its standard error over leaving one out (Miller 1974)."""
    n = len(a)
    a, b = a - a.mean(), b - b.mean()
    scale = n / (n - 1)  # leaving one out moves the mean, too
    left_a, left_b = a @ a - scale * a**2, b @ b - scale * b**2
    varies = (left_a > ROUNDING * (a @ a)) & (left_b > ROUNDING * (b @ b))
    without = np.zeros(n)
    without[varies] = (a @ b - scale * a * b)[varies] / np.sqrt(left_a[varies] * left_b[varies])
    z = np.arctanh(np.clip(without, -1 + 1e-9, 1 - 1e-9))
    return quantile(n - 2, ALPHA) * math.sqrt((n - 1) / n * float(((z - z.mean()) ** 2).sum()))


def _pearson(a: Numbers, b: Numbers) -> float | None:
    if len(a) < 2 or min(np.ptp(a), np.ptp(b)) == 0:
        return None
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float(a @ a)) * math.sqrt(float(b @ b))
    return float(np.clip(a @ b / scale, -1.0, 1.0)) if scale else None


def _ranks(values: Numbers) -> Numbers:
    """Ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: Numbers = (last - (counts - 1) / 2)[inverse]
    return shared
