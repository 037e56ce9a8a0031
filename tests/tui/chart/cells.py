"""The cells of a drawing one by one."""

from moetui.tui.chart.drawing import Cell, Row


def to_cells(row: Row) -> list[Cell]:
    """The cells of a row, one by one."""
    return [Cell(char, span.ink) for span in row for char in span.text]
