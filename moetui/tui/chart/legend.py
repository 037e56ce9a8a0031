"""The head of a chart: its title and, for each curve, marker, name and last value, as far as they fit."""

from typing import NamedTuple

from moetui.tui.chart.drawing import BLANK, FRAME, PLAIN, TITLE, Cell, Ink
from moetui.tui.chart.numbers import VALUE_WIDTH

ELLIPSIS = "…"
NAME_LIMITS = (32, 24, 16, 12, 8)  # longest names tried, in turn, before markers and values stand alone
WIDE, NARROW = 2, 1  # cells between entries
SHORTER_TITLE, SHORTEST_TITLE = 8, 4


class Entry(NamedTuple):
    """One curve in the legend. Texts hold only characters one cell wide. `both` takes the place of `value` where there is room."""

    marker: str
    ink: Ink
    name: str
    value: str
    both: str = ""


def draw_legend(title: str, entries: list[Entry], width: int, rows: int, note: str = "") -> list[list[Cell]]:
    """At most `rows` rows of at most `width` cells.

    Of two values the second goes first; then names are cut, then the note and the title; then names are left out, then the last
    entries. A value is never cut.
    """
    head = _title(title, width)
    noted = [*head, *(Cell(char, FRAME) for char in f" {note}")] if note and len(head) + len(note) < width else head
    shorter = _title(_shorten(title, SHORTER_TITLE), width)
    several = [[entry._replace(value=entry.both or entry.value) for entry in entries]] * any(e.both for e in entries)
    named = [(noted, limit, WIDE) for limit in NAME_LIMITS]
    named += [(head, NAME_LIMITS[-1], NARROW), (shorter, NAME_LIMITS[-1], NARROW)]
    ways = [(shown, way) for shown in (*several, entries) for way in named]
    ways += [(shown, (noted, 0, WIDE)) for shown in (*several, entries)]
    for shown, (begin, limit, gap) in ways:
        lines = _flow(begin, [_entry(entry, limit) for entry in shown], width, rows, gap)
        if lines is not None:
            return lines
    for count in range(len(entries), -1, -1):
        parts = [_entry(entry, 0) for entry in entries[:count]]
        if count < len(entries):
            parts.append([Cell(char, PLAIN) for char in f"+{len(entries) - count}"])
        room = width - sum(len(part) + NARROW for part in parts)
        for text in (title, _shorten(title, max(room, SHORTEST_TITLE))):
            lines = _flow(_title(text, width), parts, width, rows, NARROW)
            if lines is not None:
                return lines
    return [head]


def _title(title: str, width: int) -> list[Cell]:
    return [Cell(char, TITLE) for char in _shorten(title, width)]


def _entry(entry: Entry, limit: int) -> list[Cell]:
    name = f" {_shorten(entry.name, limit)}" if limit and entry.name else ""
    value = f" {entry.value:<{VALUE_WIDTH}}" if entry.value else ""
    return [
        *(Cell(char, entry.ink) for char in entry.marker + name),
        *(Cell(char, PLAIN) for char in value),
    ]


def _flow(head: list[Cell], parts: list[list[Cell]], width: int, rows: int, gap: int) -> list[list[Cell]] | None:
    """Title and entries in reading order, None if they need more room."""
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
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS
