"""A table in words that fits its width: in columns where there is room, else each row as a card of a few lines."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from moetui.core.science.labels import middle

GAPS = (2, 1)
"""Cells between two columns, where there is room and where there is not."""
LEAST_NAME = 14
"""Cells to which the names of the rows are cut, at their middle, before the rows become cards."""
JOINT = " · "
STYLES = {"better": "green", "worse": "red", "best": "bold green"}
"""Styles of verdicts, which say themselves what the colour says."""


def table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, right: Sequence[str], verdict: str
) -> Text:
    """Rows under headers; those in `right` hold numbers. The first column names the row, `verdict` heads the one that judges it.

    Columns in which nothing stands are left out. In a narrow table verdicts have no reasons, and names lose their middle.
    """
    filled = [index for index in range(len(headers)) if any(row[index] for row in rows)]
    headers, rows = [headers[i] for i in filled], [[row[i] for i in filled] for row in rows]
    judged = headers.index(verdict) if verdict in headers else 0
    bare = [[cell.partition(" (")[0] if i == judged > 0 else cell for i, cell in enumerate(row)] for row in rows]
    for shown in (rows, bare):
        for gap in GAPS:
            if (widths := _widths(headers, shown, width, gap)) is not None:
                shown = [[middle(row[0], widths[0]), *row[1:]] for row in shown]
                return Text("\n").join(_columns(headers, shown, widths, right, gap))
    return Text("\n").join(_cards(headers, rows, width, verdict))


def _widths(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int, gap: int) -> list[int] | None:
    """The cells of each column, the first of which may be narrower than its names; None if they do not fit."""
    name, *others = (max(map(cell_len, column)) for column in zip(headers, *rows, strict=True))
    room = width - sum(others) - gap * len(others)
    return [min(name, room), *others] if room >= min(name, LEAST_NAME) else None


def _columns(
    headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[str], gap: int
) -> Iterator[Text]:
    def line(cells: Sequence[str], style: str = "") -> Text:
        text = Text(no_wrap=True)
        for index, (header, cell, size) in enumerate(zip(headers, cells, widths, strict=True)):
            space = " " * (size - cell_len(cell))
            text.append(" " * (gap if index else 0))
            text.append(space + cell if header in right else cell + space, style or STYLES.get(cell, ""))
        return text

    yield line(headers, "bold")
    yield from map(line, rows)


def _cards(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int, verdict: str) -> Iterator[Text]:
    for row in rows:
        facts = dict(zip(headers, row, strict=True))
        said = facts.pop(verdict, "")
        name = middle(row[0], max(width - cell_len(said) - 2, 8))
        space = " " * max(width - cell_len(name) - cell_len(said), 1)
        yield Text(name, "bold", no_wrap=True).append(space).append(said, STYLES.get(said, ""))
        del facts[headers[0]]
        yield from _wrapped([f"{key} {value}" for key, value in facts.items() if value], width)


def _wrapped(parts: Sequence[str], width: int) -> Iterator[Text]:
    line = ""
    for part in parts:
        longer = f"{line}{JOINT}{part}" if line else f"  {part}"
        if line and cell_len(longer) > width:
            yield Text(line, "dim", no_wrap=True)
            longer = f"  {part}"
        line = longer
    if line:
        yield Text(line, "dim", no_wrap=True)
