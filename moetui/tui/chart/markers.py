"""Markers on curves, so that a curve is known without its colour."""

from collections.abc import Iterator, Sequence

import numpy as np

from moetui.tui.chart.curve import Curve
from moetui.tui.chart.spec import Series

PixelPlace = tuple[float, float]  # column and row, fractional
POINT_SPACING = 2.0  # cells: markers on denser points would hide the curve
MARK_SPACING = 24  # cells between the markers along one curve
END_CLEARANCE = 3  # cells kept free before the marker at the end


def point_marks(curve: Curve, across: int) -> Iterator[PixelPlace]:
    """Every measured point, if they lie far enough apart; otherwise none."""
    if curve.column.size > 1 and np.ptp(curve.column) / across < POINT_SPACING * (curve.column.size - 1):
        return
    yield from zip(curve.column.tolist(), curve.last.tolist(), strict=True)


def all_marks(curve: Curve) -> Iterator[PixelPlace]:
    """Every point of a series without a line."""
    yield from zip(curve.column.tolist(), curve.last.tolist(), strict=True)


def end_mark(curve: Curve) -> Iterator[PixelPlace]:
    """The last finite point."""
    if curve.column.size:
        yield float(curve.column[-1]), float(curve.last[-1])


def way_marks(curve: Curve, across: int, width: int, index: int, count: int) -> Iterator[PixelPlace]:
    """Places at fixed columns of a chart `width` cells wide; curve `index` of `count` has its own, so that none hides another's."""
    if curve.column.size < 2:
        return
    spacing = max(MARK_SPACING, 3 * count)
    first, last = curve.column[0], curve.column[-1]
    start = spacing * (index + 1) // (count + 1)
    columns = np.arange(start, max(min(last / across - END_CLEARANCE, width), 0), spacing) * across
    for column in columns[columns > first].tolist():
        before = int(np.searchsorted(curve.column, column, "right")) - 1
        if curve.joined[before] or curve.column[before] == column:
            yield column, float(np.interp(column, curve.column, curve.last))


def wants_way_marks(series: Series, others: Sequence[Series]) -> bool:
    """Whether markers along this curve help: there are others to tell it from."""
    telling = [other for other in others if other.emphasis != "faint"]
    return series.line and series.emphasis != "faint" and len(telling) > 1
