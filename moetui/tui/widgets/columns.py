"""Columns of a table of runs: what they say, how they sort, how wide they are, and which of them a width has room for."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size

from moetui.core.catalogue.records import RunRecord
from moetui.core.query.fields import Value

GAP = 1
"""Cells between two columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `value` is what it sorts by; None, for what a run does not know, comes last either way."""

    key: str
    title: str
    width: int
    """Cells; with the mark of the best value, if there is one, at least one more than the title, where the arrow goes."""
    text: Callable[[RunRecord], str]
    value: Callable[[RunRecord], Value]
    numeric: bool = True
    """Numbers are aligned to the right."""
    better: Literal["low", "high", ""] = ""
    """Which end of the column is the best value; it is marked behind the number, for which one more cell is kept."""
    most: int = 0
    """A column that says more when it is wider grows up to so many cells; 0 keeps it at `width`."""
    keep: Literal["head", "tail"] = "head"
    """Which end of a text that is too long stays."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A column with the cells that it got."""

    column: Column
    width: int


def span(column: Column) -> int:
    """Cells that a column takes at its least width, its mark and the gap before it included."""
    return GAP + column.width + bool(column.better)


def fit(columns: Sequence[Column], width: int, *, must: Collection[str] = ()) -> tuple[Placed, ...]:
    """The columns that fit into `width` cells: those named in `must` and the first one, then in order as long as there is room.

    They keep their order. What is left over goes to the columns that can grow, the earlier first.
    """
    chosen = list(columns[:1]) + [column for column in columns[1:] if column.key in must]
    room = width - sum(map(span, chosen))
    for column in columns[1:]:
        if column in chosen:
            continue
        room -= span(column)
        if room < 0:
            room += span(column)
            break
        chosen.append(column)
    placed = []
    for column in columns:
        if column in chosen:
            more = max(0, min(room, column.most - column.width))
            room -= more
            placed.append(Placed(column, column.width + more))
    return tuple(placed)


def cut(text: str, width: int, keep: Literal["head", "tail"] = "head") -> str:
    """The text in at most `width` cells, an ellipsis in place of what was cut; characters that cannot be shown become spaces."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    if cell_len(text) <= width:
        return text
    if width < 1:
        return ""
    if keep == "tail":
        return "…" + set_cell_size(text[::-1], width - 1)[::-1]
    return set_cell_size(text, width - 1) + "…"


def pad(text: str, width: int, *, right: bool) -> str:
    """The text filled up with spaces to `width` cells, on the left if it is aligned to the right."""
    space = " " * (width - cell_len(text))
    return space + text if right else text + space
