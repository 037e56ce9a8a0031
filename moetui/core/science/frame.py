"""Which part of an axis a figure of values with intervals shows."""

from collections.abc import Sequence


def frame(values: Sequence[float], ends: Sequence[float]) -> tuple[float, float]:
    """Limits that show every value and, as far as they do not drown the values, the ends of the bars."""
    low, high = min(values), max(values)
    span = (high - low) or abs(high) * 0.05 or 1.0
    least, most = min([low, *ends]), max([high, *ends])
    return max(least, low - span) - 0.08 * span, min(most, high + span) + 0.12 * span
