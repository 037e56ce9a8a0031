"""Medians, and how much a curve scatters about its trend."""

import itertools
import statistics
from bisect import bisect_left, insort
from collections.abc import Sequence

from engine.health.measured import Curve

_FINEST = 1e-4  # relative: curves are recorded with four decimals, and a smoother one must not look infinitely sure
_TO_SD = 1.4826  # median absolute deviation of a normal distribution with sd 1 is 1 / 1.4826


def robust_sd(values: Sequence[float]) -> float:
    """Standard deviation by the median absolute deviation from the median (Hampel, 1974); 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    middle = statistics.median(values)
    return _TO_SD * statistics.median(abs(value - middle) for value in values)


def noise(values: Sequence[float], half_window: int = 5) -> float:
    """Standard deviation of a curve about its trend, from the differences of neighbours less their own running median.

    A difference of two values with independent errors has √2 times the error of one (von Neumann, 1941).
    """
    steps = [after - before for before, after in itertools.pairwise(values)]
    trend = running_median(steps, half_window)
    return robust_sd([step - usual for step, usual in zip(steps, trend, strict=True)]) / 2**0.5


def evaluation_noise(losses: Curve) -> float:
    """Standard deviation of one evaluation about the trend, over the later half of the run, in nats."""
    values = losses.last(max(10, len(losses) // 2)).values
    return max(noise(values), _FINEST * abs(statistics.median(values)), 1e-12)


def running_median(values: Sequence[float], half_window: int) -> list[float]:
    """The median of each value and up to `half_window` neighbours on either side.

    The window that slides over the values is kept sorted, so that a step is cheap: a curve may have a million of them.
    """
    window = sorted(values[:half_window])
    medians = []
    for place in range(len(values)):
        if place + half_window < len(values):
            insort(window, values[place + half_window])
        if place > half_window:
            del window[bisect_left(window, values[place - half_window - 1])]
        half, odd = divmod(len(window), 2)
        medians.append(window[half] if odd else (window[half - 1] + window[half]) / 2)
    return medians
