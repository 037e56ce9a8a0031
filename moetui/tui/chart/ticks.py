"""Where the ticks of an axis are and what they say."""

import math

from moetui.tui.chart.axis import Axis
from moetui.tui.chart.numbers import tick_labels
from moetui.tui.chart.ranges import nice_step
from moetui.tui.chart.spec import NumberFormat

DIVISIONS: tuple[tuple[float, ...], ...] = (
    (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9),
    (1, 1.5, 2, 3, 4, 5, 6, 8),
    (1, 1.5, 2, 3, 5, 7),
    (1, 2, 5),
    (1, 3),
    (1,),
)
"""Ticks of a decade, the finest first."""

Tick = tuple[int, str]  # the cell, counted from the left or from the bottom, and the label


def y_ticks(axis: Axis, rows: int, style: NumberFormat) -> list[Tick]:
    """One tick for about every third row, in ascending order, no two in one row."""
    wanted = max(2, min(8, (rows + 2) // 3))
    values = _log_values(axis.low, axis.high, wanted) if axis.log else _linear_values(axis.low, axis.high, wanted)
    dots = axis.pixels // rows
    places: dict[int, str] = {}
    labels = [tick_labels([value], style)[0] for value in values] if axis.log else tick_labels(values, style)
    for value, label in zip(values, labels, strict=True):
        places.setdefault(max(0, min(rows - 1, axis.place(value) // dots)), label)
    return sorted(places.items())


def x_ticks(axis: Axis, columns: int) -> list[Tick]:
    """As many labelled ticks as stand clear of each other."""
    dots = axis.pixels // columns
    for wanted in range(max(2, columns // 10), 0, -1):
        values = _log_values(axis.low, axis.high, wanted) if axis.log else _linear_values(axis.low, axis.high, wanted)
        # On a log axis the ticks are far apart in size, so each has the digits that it needs by itself.
        labels = [tick_labels([value])[0] for value in values] if axis.log else tick_labels(values)
        ticks = [
            (max(0, min(columns - 1, axis.place(value) // dots)), label)
            for value, label in zip(values, labels, strict=True)
        ]
        if _clear(ticks, columns):
            return ticks
    return []


def _clear(ticks: list[Tick], columns: int) -> bool:
    """Whether each label, centred on its tick, keeps two cells from the next and fits the axis."""
    widths = [len(label) for _, label in ticks]
    gaps = (
        right - left >= width_left + width_right // 2 + 2
        for (left, _), (right, _), width_left, width_right in zip(ticks, ticks[1:], widths, widths[1:], strict=False)
    )
    return max(widths, default=0) <= columns and all(gaps)


def _linear_values(low: float, high: float, wanted: int) -> list[float]:
    """Multiples of a nice step within the range: at most `wanted` + 1."""
    step = nice_step(max((high - low) / wanted, 1e-300))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def _log_values(low: float, high: float, wanted: int) -> list[float]:
    """The finest of the usual divisions of a decade of which the axis has room for all ticks, or else every so manieth power.

    A range in which no division has two ticks, which is narrow, is divided linearly.
    """
    first, last = math.floor(math.log10(low)), math.floor(math.log10(high) + 1e-9)
    for division in DIVISIONS:
        values = [m * 10.0**p for p in range(first, last + 1) for m in division]
        inside = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if 1 < len(inside) <= wanted:
            return inside
    powers = range(math.ceil(math.log10(low) - 1e-9), last + 1)
    if len(powers) > wanted:
        return [10.0**power for power in powers[:: math.ceil(len(powers) / wanted)]]
    return _linear_values(low, high, wanted)
