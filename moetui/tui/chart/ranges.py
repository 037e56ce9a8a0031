"""Which range an axis covers: around the data with a little margin, rounded outwards so that it seldom moves."""

import math

import numpy as np

from moetui.tui.chart.arrays import FloatArray
from moetui.tui.chart.spec import Range

LARGEST = 1e300  # what is larger is drawn at the edge; it keeps every difference and product finite
SMALLEST = 1e-300
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
LEAST_LOG_SPAN = 0.02  # decades that a log axis covers at least: 5 %


def nice_step(least: float) -> float:
    """The smallest of 1, 2, 2.5 or 5 times a power of ten that is not below `least` > 0."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in STEPS if m * power >= least * (1 - 1e-9))


def around(values: FloatArray, log: bool = False) -> Range | None:
    """A range around the finite values (on a log axis: the positive ones), None if there are none."""
    shown = values[np.isfinite(values) & (values > 0)] if log else values[np.isfinite(values)]
    if not shown.size:
        return None
    low, high = float(shown.min()), float(shown.max())
    return _around_log(low, high) if log else _around_linear(low, high)


def usable(given: Range, log: bool = False) -> Range | None:
    """A given range in ascending order, None if no axis can be made of it."""
    low, high = min(given), max(given)
    if not (math.isfinite(low) and math.isfinite(high)) or (log and low <= 0):
        return None
    low, high = max(low, -LARGEST), min(high, LARGEST)
    return (low, high) if high - low > max(abs(low), abs(high)) * 1e-12 else None


def _around_linear(low: float, high: float) -> Range:
    low, high = np.clip([low, high], -LARGEST, LARGEST).tolist()
    size = max(abs(low), abs(high))
    if high - low < size * 1e-3 or size < SMALLEST:  # constant data lie in the middle
        half = size * 0.05 if size >= SMALLEST else 1.0
        low, high = low - half, high + half
        return low, high
    margin = (high - low) * 0.02
    step = nice_step((high - low) / 20)
    # Zero is a natural edge: there the margin would only suggest that values below it are possible.
    floor = low if low == 0 else math.floor((low - margin) / step) * step
    ceiling = high if high == 0 else math.ceil((high + margin) / step) * step
    return (max(floor, 0.0) if low >= 0 else floor), (min(ceiling, 0.0) if high <= 0 else ceiling)


def _around_log(low: float, high: float) -> Range:
    """As on a linear axis, in the logarithm: with a margin, rounded outwards to steps that leave no part of the axis empty."""
    low, high = np.log10(np.clip([low, high], SMALLEST, LARGEST)).tolist()
    if high - low < LEAST_LOG_SPAN:
        low, high = low - LEAST_LOG_SPAN / 2, high + LEAST_LOG_SPAN / 2
    margin, step = (high - low) * 0.02, nice_step((high - low) / 20)
    low, high = math.floor((low - margin) / step) * step, math.ceil((high + margin) / step) * step
    return 10 ** max(low, math.log10(SMALLEST)), 10 ** min(high, math.log10(LARGEST))
