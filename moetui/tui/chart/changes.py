"""What differs between two drawings of the same size: the cells that have to be sent again."""

from collections.abc import Iterator

from moetui.tui.chart.drawing import Drawing, Row, to_cells

Run = tuple[int, int, int]  # row, first column, column after the last

# A run of its own costs a cursor move and a colour, about fifty bytes: unchanged cells in a shorter gap are cheaper.
GAP = 3


def changed_runs(old: Drawing, new: Drawing) -> Iterator[Run]:
    """Runs of cells that differ, from the top and from the left, small gaps included. The sizes have to be equal."""
    for y, (before, after) in enumerate(zip(old.rows, new.rows, strict=True)):
        if before != after:
            yield from ((y, start, stop) for start, stop in _row_runs(before, after))


def _row_runs(before: Row, after: Row) -> Iterator[tuple[int, int]]:
    start = stop = -1
    for x, (a, b) in enumerate(zip(to_cells(before), to_cells(after), strict=True)):
        if a == b:
            continue
        if start >= 0 and x - stop > GAP:
            yield start, stop
            start = x
        elif start < 0:
            start = x
        stop = x + 1
    if start >= 0:
        yield start, stop
