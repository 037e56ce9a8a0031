"""The head of a chart: its title and, for each curve, marker, name and last value, as far as they fit."""

from dataclasses import dataclass

from moetui.tui.chart.drawing import BLANK, PLAIN, TITLE, Cell, Ink
from moetui.tui.chart.numbers import VALUE_WIDTH

ELLIPSIS = "…"
GAPS = (2, 1)  # cells between entries: tried in turn
NAME_LIMITS = (32, 24, 16, 12, 8, 0)  # longest names tried, in turn; 0 shows marker and value alone


@dataclass(frozen=True, slots=True)
class Entry:
    """One curve in the legend. `name` and `value` hold only characters one cell wide."""

    marker: str
    ink: Ink
    name: str
    value: str


def draw_legend(title: str, entries: list[Entry], width: int, rows: int) -> list[list[Cell]]:
    """At most `rows` rows, each `width` cells at most: only as many as the entries need."""
    head = [Cell(char, TITLE) for char in _shorten(title, width)]
    for limit, gap in [*((limit, GAPS[0]) for limit in NAME_LIMITS), (0, GAPS[1])]:
        lines = _flow(head, [_entry(entry, limit) for entry in entries], width, rows, gap)
        if lines is not None:
            return lines
    for shown in range(len(entries) - 1, -1, -1):
        more = [Cell(char, PLAIN) for char in f"+{len(entries) - shown}"]
        lines = _flow(head, [*(_entry(entry, 0) for entry in entries[:shown]), more], width, rows, GAPS[1])
        if lines is not None:
            return lines
    return [head]


def _entry(entry: Entry, limit: int) -> list[Cell]:
    name = f" {_shorten(entry.name, limit)}" if limit and entry.name else ""
    value = f" {entry.value:<{VALUE_WIDTH}}" if entry.value else ""
    return [
        Cell(entry.marker, entry.ink),
        *(Cell(char, entry.ink) for char in name),
        *(Cell(char, PLAIN) for char in value),
    ]


def _flow(head: list[Cell], parts: list[list[Cell]], width: int, rows: int, gap: int) -> list[list[Cell]] | None:
    """Title and entries in reading order, None if they need more rows."""
    lines = [list(head)]
    for part in parts:
        space = [BLANK] * (gap if lines[-1] else 0)
        if len(lines[-1]) + len(space) + len(part) > width:
            lines.append([])
            space = []
        if len(lines) > rows or len(part) > width:
            return None
        lines[-1] += [*space, *part]
    return lines


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS if limit > 0 else ""
