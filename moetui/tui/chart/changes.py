"""What differs between two drawings of the same size: the cells that have to be sent again."""

from moetui.tui.chart.drawing import Drawing, to_cells


def changed_columns(old: Drawing, new: Drawing) -> dict[int, list[int]]:
    """The columns that differ, ascending, for each row that does. The sizes have to be equal."""
    return {
        y: [x for x, (a, b) in enumerate(zip(to_cells(before), to_cells(after), strict=True)) if a != b]
        for y, (before, after) in enumerate(zip(old.rows, new.rows, strict=True))
        if before != after
    }
