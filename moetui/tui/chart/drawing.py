"""A drawn chart: rows of styled text, tied to no terminal library."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple


class Ink(NamedTuple):
    """How text looks. An empty colour is the foreground of the terminal or theme; otherwise it is #rrggbb."""

    color: str = ""
    bold: bool = False
    dim: bool = False


PLAIN = Ink()
TITLE = Ink(bold=True)
FRAME = Ink(dim=True)


class Cell(NamedTuple):
    """One character, always one terminal cell wide."""

    char: str
    ink: Ink


BLANK = Cell(" ", PLAIN)


class Span(NamedTuple):
    """Neighbouring cells of the same look."""

    text: str
    ink: Ink


Row = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Plane:
    """Where the curves lie: from the column `left` on `columns` cells, which go from `low` to `high` on the x axis."""

    left: int
    columns: int
    low: float
    high: float

    def x_at(self, column: int) -> float:
        """The x of a column of the drawing; columns beside the curves count as the nearest one."""
        share = min(max((column - self.left + 0.5) / max(self.columns, 1), 0.0), 1.0)
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart of `width` × `height` cells: exactly `height` rows whose texts add up to exactly `width` cells.

    `plane` is None where there are no axes.
    """

    width: int
    height: int
    rows: tuple[Row, ...]
    plane: Plane | None = None

    def plain(self) -> str:
        """The chart without colours, one line per row."""
        return "\n".join("".join(span.text for span in row) for row in self.rows)


def blank(width: int, height: int) -> Drawing:
    """Nothing but blanks."""
    return Drawing(width, height, (to_row([BLANK] * width),) * height)


def to_row(cells: Iterable[Cell]) -> Row:
    """Join neighbouring cells of the same ink."""
    return tuple(
        Span("".join(cell.char for cell in group), ink) for ink, group in groupby(cells, key=lambda cell: cell.ink)
    )
