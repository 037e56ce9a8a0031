"""What the terminal shows, cell by cell, so that only what differs from it is sent, whatever is drawn again.

Textual 8.2 sends a region that was refreshed as a whole, and for one changed cell all that stands before it in its widget; a screen
that opens is sent twice. Knowing what is there, as curses does, makes all of that cost what it changes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

Cell = tuple[str, Style | None]
"""A character with what combines with it, and its style. The second cell of a wide character has an empty text."""

UNKNOWN: Cell = ("\0", None)
"""Equal to no cell that is drawn."""

GAP = 6
"""So many equal cells between two changed ones are sent with them: to jump over them would take more bytes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A strip and the place where it begins."""

    x: int
    y: int
    strip: Strip


class Changes(CompositorUpdate):
    """An update of these pieces and nothing else."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The same for a console."""
        for piece in self._pieces:
            yield Control.move_to(piece.x, piece.y)
            yield from piece.strip

    def render_segments(self, console: Console) -> str:
        """The escape sequences and the text, which is what Textual asks for."""
        return "".join(
            Control.move_to(piece.x, piece.y).segment.text + piece.strip.render(console) for piece in self._pieces
        )


class Shown:
    """The cells of a terminal of `size`. To `forget` them is right whenever somebody else may have written there."""

    def __init__(self, size: Size = Size(0, 0)) -> None:  # noqa: B008  # immutable
        self._rows: list[list[Cell]] = [[UNKNOWN] * size.width for _ in range(size.height)]

    def changes(self, update: LayoutUpdate | ChopsUpdate) -> "Changes | None":
        """What of the update is not there yet, and has to be sent now as it counts as shown from here on; None if all is."""
        found = _whole(update) if isinstance(update, LayoutUpdate) else _spans(update)
        pieces = [change for piece in found for change in self._take(piece)]
        return Changes(pieces) if pieces else None

    def _take(self, piece: Piece) -> Iterator[Piece]:
        new = cells_of(piece.strip)
        row = self._rows[piece.y] if piece.y < len(self._rows) else []
        old = row[piece.x : piece.x + len(new)]
        if old == new:
            return
        row[piece.x : piece.x + len(new)] = new
        old += [UNKNOWN] * (len(new) - len(old))
        for start, stop in _differing(old, new):
            yield Piece(piece.x + start, piece.y, piece.strip.crop(start, stop))


def cells_of(strip: Iterable[Segment]) -> list[Cell]:
    """The cells of a strip from left to right."""
    cells: list[Cell] = []
    for text, style, _ in strip:
        if text.isascii() or cell_len(text) == len(text):
            cells += [(character, style) for character in text]
            continue
        for character in text:
            width = cell_len(character)
            if width:
                cells += [(character, style), ("", style)][:width]
            elif cells:
                before, of = cells[-1]
                cells[-1] = (before + character, of)
    return cells


def _differing(old: list[Cell], new: list[Cell]) -> Iterator[tuple[int, int]]:
    """The spans that have to be sent, none of which cuts a wide character in two."""
    changed = [place for place, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
    start, stop = changed[0], changed[0] + 1
    for place in changed[1:]:
        if place - stop > GAP:
            yield _widened(start, stop, old, new)
            start = place
        stop = place + 1
    yield _widened(start, stop, old, new)


def _widened(start: int, stop: int, old: list[Cell], new: list[Cell]) -> tuple[int, int]:
    while start > 0 and not (old[start][0] and new[start][0]):
        start -= 1
    while stop < len(new) and not (old[stop][0] and new[stop][0]):
        stop += 1
    return start, stop


def _whole(update: LayoutUpdate) -> Iterator[Piece]:
    for y, strips in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in strips:
            yield Piece(x, y, strip)
            x += strip.cell_length


def _spans(update: ChopsUpdate) -> Iterator[Piece]:
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            start, stop = max(x, left), min(end, right)
            if strip is not None and start < stop:
                yield Piece(start, y, strip.crop(start - x, stop - x))
