"""What stands behind the curves: shaded bands of the x axis, and lines at one x with an interval at their foot."""

import math
from collections.abc import Iterator

from moetui.tui.chart.axis import Axis
from moetui.tui.chart.charset import one_cell_each
from moetui.tui.chart.drawing import Cell, Ink
from moetui.tui.chart.frame import Place
from moetui.tui.chart.legend import Entry
from moetui.tui.chart.spec import ChartSpec

LINE = "┊"
LEFT, BETWEEN, RIGHT = "├", "─", "┤"


def ground(spec: ChartSpec, axis: Axis, columns: int, rows: int) -> dict[Place, Cell]:
    """The cells of all bands and rules within the axis, which lie under the curves; rules lie above bands."""
    cells: dict[Place, Cell] = {}
    for band in spec.bands:
        sign = Cell(band.sign, Ink(band.color, dim=True))
        for column in _columns(spec, axis, columns, band.low, band.high):
            cells |= {(column, row): sign for row in range(rows)}
    for rule in spec.rules:
        for column in _columns(spec, axis, columns, rule.x, rule.x):
            cells |= {(column, row): Cell(LINE, Ink(rule.color)) for row in range(rows)}
    return cells


def foot(spec: ChartSpec, axis: Axis, columns: int) -> dict[Place, Cell]:
    """The intervals of the rules in the lowest row, over the curves; an end that lies outside the axis is left open."""
    cells: dict[Place, Cell] = {}
    for rule in spec.rules:
        low, high = rule.interval or (rule.x, rule.x)
        covered = _columns(spec, axis, columns, low, high)
        for column in covered if low < high else ():
            left = column == covered[0] and low >= _value(spec, axis.low)
            right = column == covered[-1] and high <= _value(spec, axis.high)
            cells[column, 0] = Cell(LEFT if left else RIGHT if right else BETWEEN, Ink(rule.color))
    return cells


def mark_entries(spec: ChartSpec) -> Iterator[Entry]:
    """The bands and rules for the legend."""
    for band in spec.bands:
        yield Entry(band.sign, Ink(band.color), one_cell_each(band.name), "")
    for rule in spec.rules:
        yield Entry(LINE, Ink(rule.color), one_cell_each(rule.name), one_cell_each(rule.value))


def _columns(spec: ChartSpec, axis: Axis, columns: int, low: float, high: float) -> range:
    """The columns from `low` to `high`, at least one if any of it lies within the axis."""
    low, high = _scaled(spec, low), _scaled(spec, high)
    if not (low <= axis.high and high >= axis.low):
        return range(0)
    dots = max(axis.pixels // max(columns, 1), 1)
    first, last = (axis.place(min(max(end, axis.low), axis.high)) // dots for end in (low, high))
    return range(max(first, 0), min(last, columns - 1) + 1)


def _scaled(spec: ChartSpec, x: float) -> float:
    """An x as the axis counts it; NaN, which is nowhere, if a log axis has no place for it."""
    if not spec.x_log:
        return x
    return math.log10(x) if x > 0 else math.nan


def _value(spec: ChartSpec, scaled: float) -> float:
    return 10**scaled if spec.x_log else scaled
