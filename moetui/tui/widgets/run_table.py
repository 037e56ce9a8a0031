"""A table of runs that draws the visible rows only, so that ten thousand runs cost no more than twenty.

    table = RunTable(COLUMNS)                     # yield it in compose()
    table.show(list_runs(runs, COLUMNS))          # at each picture: only the cells that changed are sent to the terminal
    table.mark({run.id: 0})                       # marker and colour of the palette's first slot
    table.current                                 # the run under the cursor, which follows its run as the list changes

It takes no focus and no keys: the screen moves the cursor. `RunTable.Moved` says that another run is under it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from moetui.core.records import RunRecord
from moetui.tui.panel import Panel, shows
from moetui.tui.widgets.columns import Column, fit
from moetui.tui.widgets.listing import Listing
from moetui.tui.widgets.run_lines import GUTTER, Look, changed_span, header_line, run_line

HEADER = 1
WHEEL_ROWS = 3


class RunTable(Panel):
    """Shows one `Listing` after the other. The first of `columns` is always there, the others as far as the width allows."""

    DEFAULT_CSS = """
    RunTable {
        width: 1fr;
        height: 1fr;
        & > .run-table--header { color: $text-muted; text-style: bold; }
        & > .run-table--sorted { color: $text-accent; text-style: bold; }
        & > .run-table--empty { color: $text-muted; }
        & > .run-table--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "run-table--header",
        "run-table--sorted",
        "run-table--cursor",
        "run-table--empty",
    }

    @dataclass
    class Moved(Message):
        """Another run, or none, is under the cursor."""

        run: RunRecord | None

        def can_replace(self, message: Message) -> bool:
            """Of a burst, the last one counts."""
            return isinstance(message, RunTable.Moved)

    def __init__(self, columns: Sequence[Column], *, cursor: bool = True) -> None:
        """`cursor`: whether the line under the cursor is shown as such."""
        super().__init__()
        self._cursor = cursor
        self._columns = tuple(columns)
        self._listing = Listing()
        self._marks: Mapping[str, int] = {}
        self._empty = ""
        self._row = 0
        self._top = 0
        self._look: Look | None = None
        self._lines: list[list[Segment]] = []

    @property
    def listing(self) -> Listing:
        """What is shown."""
        return self._listing

    @property
    def current(self) -> RunRecord | None:
        """The run under the cursor; None in an empty list."""
        return self._listing.runs[self._row] if self._row < len(self._listing.runs) else None

    @property
    def in_view(self) -> tuple[RunRecord, ...]:
        """The runs on the screen."""
        return self._listing.runs[self._top : self._top + self._rows]

    @shows
    def show(self, listing: Listing, *, empty: str = "", from_top: bool = False) -> None:
        """Show this list. The cursor stays on its run, and that on its line; `from_top` goes to the first run instead.

        A run that is gone leaves the cursor to the one that follows it. `empty` is what an empty list says, in one or more lines.
        """
        before = self.current
        line = self._row - self._top
        self._listing, self._empty = listing, empty
        if from_top:
            self._row = self._top = 0
        elif before is not None and (row := listing.rows.get(before.id)) is not None:
            self._row, self._top = row, row - line
        self._place()
        after = self.current
        if (before and before.id) != (after and after.id):
            self.post_message(self.Moved(after))

    def mark(self, marks: Mapping[str, int]) -> None:
        """Give these runs, by id, the marker and colour of these slots of the palette, and no others."""
        self._marks = dict(marks)
        self._paint()

    def go_to(self, run_id: str) -> bool:
        """Put the cursor on a run; False if the list does not hold it."""
        row = self._listing.rows.get(run_id)
        if row is not None:
            self.go(row)
        return row is not None

    def move(self, rows: int) -> None:
        """Move the cursor down by so many rows."""
        self.go(max(self._row + rows, 0))

    def page(self, pages: int) -> None:
        """Move the cursor down by so many screens."""
        self.move(pages * max(self._rows - 1, 1))

    def go(self, row: int) -> None:
        """Put the cursor on a row, counted from 0; -1 is the last."""
        before = self.current
        self._row = row if row >= 0 else len(self._listing.runs) - 1
        self._place()
        if (after := self.current) is not before:
            self.post_message(self.Moved(after))

    def render_line(self, y: int) -> Strip:
        """One line as it was painted last."""
        if not self._lines:
            self._repaint()
        return Strip(self._lines[y], self.size.width) if y < len(self._lines) else Strip.blank(self.size.width)

    def notify_style_update(self) -> None:
        """Forget what was coloured for another theme or another focus."""
        super().notify_style_update()
        self._look = None
        self._lines = []

    def _on_resize(self, event: Resize) -> None:
        self._lines = []
        self._place()

    def on_click(self, event: Click) -> None:
        """Put the cursor on the row under the pointer."""
        row = self._top + event.y - HEADER
        if event.y >= HEADER and row < len(self._listing.runs):
            self.go(row)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move the cursor down."""
        self.move(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move the cursor up."""
        self.move(-WHEEL_ROWS)

    @property
    def _rows(self) -> int:
        return max(self.size.height - HEADER, 1)

    def _place(self) -> None:
        """Keep the cursor in the list and the window around the cursor, then paint."""
        count = len(self._listing.runs)
        self._row = min(max(self._row, 0), max(count - 1, 0))
        self._top = min(max(self._top, self._row - self._rows + 1), self._row)
        self._top = max(0, min(self._top, count - self._rows))
        self._paint()

    def _paint(self) -> None:
        """Draw the lines anew and send what differs."""
        old = self._lines
        if not old or not self.is_mounted:
            self._lines = []
            self.refresh()
            return
        self._repaint()
        if regions := list(_changes(old, self._lines)):
            self.refresh(*regions)

    def _repaint(self) -> None:
        look = self._look = self._look or self._styles()
        order = self._listing.order
        placed = fit(self._columns, self.size.width - GUTTER, must={order.key} if order else ())
        lines = [header_line(placed, self._listing, look)]
        for row, run in enumerate(self.in_view, self._top):
            lines.append(
                run_line(
                    run,
                    placed,
                    self._listing,
                    look,
                    mark=self._marks.get(run.id),
                    under_cursor=self._cursor and row == self._row,
                )
            )
        if not self._listing.runs:
            lines += [[Segment(f"{'':{GUTTER + 1}}{text}", look.empty)] for text in ("", *self._empty.splitlines())]
        width = self.size.width
        self._lines = [list(Strip(line).adjust_cell_length(width, look.plain)) for line in lines]
        blank = [Segment(" " * width, look.plain)]
        self._lines += [blank] * (self.size.height - len(lines))

    def _styles(self) -> Look:
        part = self.get_component_rich_style
        return Look(
            plain=self.rich_style,
            header=part("run-table--header"),
            sorted_header=part("run-table--sorted"),
            cursor=part("run-table--cursor"),
            empty=part("run-table--empty"),
        )


def _changes(old: list[list[Segment]], new: list[list[Segment]]) -> list[Region]:
    """The regions that differ; all of the table if its height does."""
    if len(old) != len(new):
        return [Region(0, 0, sum(segment.cell_length for segment in new[0]), len(new))]
    spans = ((y, changed_span(before, after)) for y, (before, after) in enumerate(zip(old, new, strict=True)))
    return [Region(found[0], y, found[1] - found[0], 1) for y, found in spans if found is not None]
