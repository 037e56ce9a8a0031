"""What lies behind the curves and on the axis below them: shaded areas, the line of the cursor, and the signs of events."""

from collections.abc import Sequence

import numpy as np

from moetui.tui.chart.axis import Axis
from moetui.tui.chart.drawing import FRAME, Cell, Ink
from moetui.tui.chart.frame import Place
from moetui.tui.chart.raster import DOTTINGS
from moetui.tui.chart.spec import Area, Charset, Mark

SHADE = ("⠡", "░")
"""What fills an area: a sparse pattern of the dots that curves are made of, or a shade where there are none."""

LINE = "│"


def shade(areas: Sequence[Area], x_axis: Axis, y_axis: Axis, charset: Charset) -> dict[Place, Cell]:
    """The cells of all areas; the later one lies on top."""
    dotting = DOTTINGS[charset]
    columns, rows = x_axis.pixels // dotting.across, y_axis.pixels // dotting.down
    cells: dict[Place, Cell] = {}
    for area in areas:
        if not area.x.size:
            continue
        places = x_axis.pixel(area.x) / dotting.across
        at = np.arange(max(int(np.ceil(places[0] - 0.5)), 0), min(int(places[-1] + 0.5), columns - 1) + 1)
        low, high = (
            np.interp(at, places, y_axis.pixel(y_axis.scale(edge))) // dotting.down for edge in (area.low, area.high)
        )
        cell = Cell(SHADE[charset != "braille"], Ink(area.slot.color, dim=True))
        for column, bottom, top in zip(at.tolist(), low.tolist(), high.tolist(), strict=True):
            if bottom == bottom and top == top:  # an edge that is NaN bounds nothing
                for row in range(max(int(bottom), 0), min(int(top), rows - 1) + 1):
                    cells[column, row] = cell
    return cells


def stand(cells: dict[Place, Cell], column: int, rows: int) -> None:
    """Put the cursor's line into a column, behind the curves and before the areas."""
    for row in range(rows):
        if (column, row) not in cells or cells[column, row].char in SHADE:
            cells[column, row] = Cell(LINE, FRAME)


def sign_cells(marks: Sequence[Mark], x_axis: Axis, across: int) -> dict[int, Cell]:
    """The sign in each column that has one."""
    return {
        x_axis.place(mark.x) // across: Cell(mark.sign, Ink(mark.slot.color, bold=True))
        for mark in marks
        if x_axis.low <= mark.x <= x_axis.high
    }
