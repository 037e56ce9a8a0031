"""How strongly a score moves with the learning rate, as the documents report it, with the interval that they leave out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from moetui.core.records import RunRecord
from moetui.core.science.groups import sample
from moetui.core.science.measure import MEASURES
from moetui.core.science.student import normal_quantile

Method = Literal["Pearson", "Spearman"]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Correlation:
    """The correlation of two columns over `n` runs; None where a column does not vary or there are too few runs."""

    x: str
    y: str
    method: Method
    n: int
    r: float | None
    low: float | None = None
    high: float | None = None


def lr_correlations(records: Sequence[RunRecord]) -> tuple[Correlation, ...]:
    """Learning rate and its logarithm against loss, accuracy and perplexity of the runs that have a score."""
    found = []
    for key in ("val_loss", "val_accuracy", "val_perplexity"):
        samples = [(run.lr, sample(run, MEASURES[key]).value) for run in records if run.lr]
        pairs = np.array([(lr, value) for lr, value in samples if value is not None], dtype=np.float64).reshape(-1, 2)
        if len(pairs) < 3:
            continue  # two points always lie on a line
        lrs, values = pairs[:, 0], pairs[:, 1]
        found += [
            correlation(lrs, values, "Pearson", x_name="lr", y_name=key),
            correlation(np.log(lrs), values, "Pearson", x_name="log lr", y_name=key),
            correlation(lrs, values, "Spearman", x_name="lr", y_name=key),
        ]
    return tuple(found)


def correlation(x: Numbers, y: Numbers, method: Method, *, x_name: str = "x", y_name: str = "y") -> Correlation:
    """Pearson's or Spearman's correlation with a 95 % interval by Fisher's z, from four runs on.

    The standard error of z is 1/√(n-3) (Fisher 1921), for ranks √((1 + r²/2)/(n-3)) (Bonett and Wright 2000).
    """
    n = len(x)
    a, b = (x, y) if method == "Pearson" else (_ranks(x), _ranks(y))
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float(a @ a)) * math.sqrt(float(b @ b))
    flat = min(np.ptp(x), np.ptp(y)) == 0
    if n < 2 or flat or not scale:
        return Correlation(x_name, y_name, method, n, None)
    r = float(np.clip(a @ b / scale, -1.0, 1.0))
    if n < 4 or abs(r) == 1:
        return Correlation(x_name, y_name, method, n, r)
    error = math.sqrt((1.0 if method == "Pearson" else 1 + r * r / 2) / (n - 3))
    half = normal_quantile() * error
    return Correlation(x_name, y_name, method, n, r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half))


def _ranks(values: Numbers) -> Numbers:
    """Ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: Numbers = (last - (counts - 1) / 2)[inverse]
    return shared
