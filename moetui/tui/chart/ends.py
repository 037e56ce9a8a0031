"""The column right of a chart: the marker of each curve at the height of its last value, in the order of these values."""

from collections.abc import Sequence

import numpy as np

from moetui.tui.chart.drawing import BLANK, Cell
from moetui.tui.chart.plot import Plotted, ink_of, marker_of
from moetui.tui.chart.raster import DOTTINGS
from moetui.tui.chart.spec import Charset, Series


def ended(series: Sequence[Series]) -> list[int]:
    """Places of the curves that have a marker there; none where there is only one, which nothing has to be told from."""
    found = [place for place, one in enumerate(series) if one.line and not one.ghost and one.emphasis != "faint"]
    return found if len(found) > 1 else []


def ends_column(plotted: Sequence[Plotted], rows: int, charset: Charset) -> list[Cell]:
    """`rows` cells from the bottom; blank ones if there are more curves than rows."""
    shown = [plotted[place] for place in ended([one.series for one in plotted]) if plotted[place].curve.column.size]
    cells = [BLANK] * rows
    if len(shown) > rows:
        return cells
    shown.sort(key=lambda one: float(one.curve.last[-1]))
    down = DOTTINGS[charset].down
    heights = [min(max(float(one.curve.last[-1]) / down, 0.0), rows - 1.0) for one in shown]
    for one, row in zip(shown, spread(heights, rows), strict=True):
        cells[row] = Cell(marker_of(one.series, charset), ink_of(one.series)._replace(dim=False))
    return cells


def spread(heights: Sequence[float], rows: int) -> list[int]:
    """A row of its own for each of the rising heights, in their order, as near to them as that allows (isotonic regression)."""
    pools: list[list[float]] = []
    for place, height in enumerate(heights):
        pools.append([height - place])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    free = rows - len(heights)
    starts = [min(max(round(float(np.mean(pool))), 0), free) for pool in pools for _ in pool]
    return [start + place for place, start in enumerate(starts)]
