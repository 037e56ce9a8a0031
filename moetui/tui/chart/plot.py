"""The cells of all curves of a chart: who wins where curves meet, and where the markers sit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from moetui.tui.chart.charset import ABOVE, DIVERGED, SUNK
from moetui.tui.chart.curve import Curve
from moetui.tui.chart.drawing import Cell, Ink
from moetui.tui.chart.frame import Place
from moetui.tui.chart.markers import PixelPlace, all_marks, end_mark, point_marks, wants_way_marks, way_marks
from moetui.tui.chart.raster import DOTTINGS, Dotting, rasterize
from moetui.tui.chart.spec import EMPHASES, Charset, Series

HOLLOW = ("◇", "%")
"""The marker of a ghost, and where only ASCII can be shown."""

DOT = "·"


@dataclass(frozen=True, eq=False, slots=True)
class Plotted:
    """A series and its curve in the pixels of this chart."""

    series: Series
    curve: Curve


def ink_of(series: Series) -> Ink:
    """A faint or dim curve is dimmed, a strong one is bold."""
    return Ink(series.slot.color, bold=series.emphasis == "strong", dim=series.emphasis in ("faint", "dim"))


def marker_of(series: Series, charset: Charset) -> str:
    """The marker of a series, as the character set has it."""
    if series.ghost:
        return HOLLOW[0] if charset == "braille" else HOLLOW[1]
    return series.slot.marker if charset == "braille" else series.slot.ascii_marker


def plot_cells(
    plotted: Sequence[Plotted], columns: int, rows: int, charset: Charset, *, ends: bool = True
) -> dict[Place, Cell]:
    """One cell at most for each place. Markers lie above lines, ends above those, and signs of divergence above all.

    `ends`: curves that reach the right edge have their marker there. What lies above or below has an arrow at the edge if it
    belongs to a line, and its marker there if nothing joins it.
    """
    ordered = sorted(plotted, key=lambda one: EMPHASES.index(one.series.emphasis))
    dotting = DOTTINGS[charset]
    cells = _levels(ordered, columns, rows, dotting) | _lines(ordered, columns, rows, dotting)
    for one, mark in _marks(ordered, dotting.across, columns, ends=ends):
        column, row = round(mark[0]) // dotting.across, round(mark[1]) // dotting.down
        inside = -0.5 <= mark[1] <= rows * dotting.down - 0.5
        if 0 <= column < columns and (inside or not one.series.line):
            cell = Cell(marker_of(one.series, charset), ink_of(one.series)._replace(dim=False))
            cells[column, max(0, min(rows - 1, row))] = cell
    cells |= clip_signs([one for one in ordered if one.series.emphasis != "faint"], columns, rows, charset)
    for one in ordered:
        ink = ink_of(one.series)._replace(bold=True, dim=False)
        for column in one.curve.sunk.tolist():
            cells[int(column) // dotting.across, 0] = Cell(SUNK[charset], ink)
        for column in one.curve.diverged.tolist():
            cells[int(column) // dotting.across, rows - 1] = Cell(DIVERGED[charset], ink)
    return cells


def _levels(ordered: Sequence[Plotted], columns: int, rows: int, dotting: Dotting) -> dict[Place, Cell]:
    """A dotted line through the whole chart at the height of each ghost that is a single value."""
    return {
        (column, round(one.curve.last[0]) // dotting.down): Cell(DOT, ink_of(one.series))
        for one in ordered
        if one.series.ghost and one.curve.column.size == 1 and 0 <= one.curve.last[0] < rows * dotting.down
        for column in range(0, columns, 2)
    }


def _lines(ordered: Sequence[Plotted], columns: int, rows: int, dotting: Dotting) -> dict[Place, Cell]:
    """Dots of curves equally emphatic share a cell, coloured as the later one; a more emphatic one has it alone."""
    dots = np.zeros((rows, columns), np.uint8)
    owner = np.full((rows, columns), -1)
    rank = np.full((rows, columns), -1)
    for index, one in enumerate(ordered):
        strong = one.series.emphasis == "strong"
        own = rasterize(one.curve, columns, rows, dotting, thick=strong, dotted=one.series.dots)
        own_rank = EMPHASES.index(one.series.emphasis)
        touched = own > 0
        dots[touched] = np.where(rank == own_rank, dots | own, own)[touched]
        owner[touched], rank[touched] = index, own_rank
    inks = [ink_of(one.series) for one in ordered]
    row, column = np.nonzero(dots)
    return {
        (c, r): Cell(dotting.glyphs[code], inks[which])
        for c, r, code, which in zip(
            column.tolist(), row.tolist(), dots[row, column].tolist(), owner[row, column].tolist(), strict=True
        )
    }


def _marks(
    ordered: Sequence[Plotted], across: int, columns: int, *, ends: bool
) -> Iterator[tuple[Plotted, PixelPlace]]:
    """Markers from the lowest layer to the highest: along the curves, on measured points, at the ends."""
    every = [one.series for one in ordered]
    pointed = {one.series.slot for one in ordered if one.series.points and any(point_marks(one.curve, across))}
    for index, one in enumerate(ordered):
        if one.series.slot not in pointed and wants_way_marks(one.series, every):
            yield from ((one, mark) for mark in way_marks(one.curve, across, columns, index, len(ordered)))
    for one in ordered:
        if not one.series.line:
            yield from ((one, mark) for mark in all_marks(one.curve))
        elif one.series.points:
            yield from ((one, mark) for mark in point_marks(one.curve, across))
    for one in ordered:
        if one.series.emphasis != "faint":
            last = columns - 1 if ends else columns - 2
            yield from ((one, mark) for mark in end_mark(one.curve) if mark[0] // across <= last)


def clip_signs(plotted: Sequence[Plotted], columns: int, rows: int, charset: Charset) -> dict[Place, Cell]:
    """An arrow where a curve leaves the canvas through its top or its foot, or comes back from there."""
    dotting = DOTTINGS[charset]
    cells: dict[Place, Cell] = {}
    for one in plotted:
        ink = ink_of(one.series)._replace(dim=False)
        for outside, row, sign in (
            (one.curve.low > rows * dotting.down - 0.5, rows - 1, ABOVE[charset]),
            (one.curve.high < -0.5, 0, SUNK[charset]),
        ):
            for place in np.flatnonzero(outside[1:] != outside[:-1]).tolist():
                column = int(one.curve.column[place + 1]) // dotting.across
                if 0 <= column < columns and one.curve.joined[place]:
                    cells[column, row] = Cell(sign, ink)
    return cells
