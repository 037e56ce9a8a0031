"""What the values of one group tell: number, mean, standard deviation and the interval of the mean."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from moetui.core.science.student import quantile

NO_SPREAD = 1e-12
"""A standard deviation below this share of the values is rounding: seeds that agree so well measure no noise."""


@dataclass(frozen=True, slots=True)
class Summary:
    """`sd` is the sample standard deviation; `low` to `high` the 95 % interval of the mean. One value has neither."""

    n: int
    mean: float | None = None
    sd: float | None = None
    low: float | None = None
    high: float | None = None


def summarize(values: Sequence[float]) -> Summary:
    """Summary of finite values: mean ± t(n-1) · sd / √n (Student 1908)."""
    n = len(values)
    if n == 0:
        return Summary(0)
    mean = statistics.fmean(values)
    if n == 1:
        return Summary(1, mean)
    sd = math.sqrt(variance(values))
    half = quantile(n - 1) * sd / math.sqrt(n)
    return Summary(n, mean, sd, mean - half, mean + half)


def variance(values: Sequence[float]) -> float:
    """Sample variance of at least two values; the standard library's is exact and a hundred times slower."""
    mean = statistics.fmean(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def pooled_sd(*samples: Sequence[float]) -> tuple[float | None, int]:
    """The common standard deviation within samples and its degrees of freedom; None if no sample has two values."""
    several = [sample for sample in samples if len(sample) > 1]
    df = sum(len(sample) - 1 for sample in several)
    if df == 0:
        return None, 0
    squares = sum((len(sample) - 1) * variance(sample) for sample in several)
    return math.sqrt(squares / df), df
