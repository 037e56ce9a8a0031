"""A table of runs that draws the visible rows only, so that ten thousand runs cost no more than twenty.

    table = RunTable()                            # yield it in compose()
    table.show(list_runs(runs))                   # at each picture: only the cells that changed are sent to the terminal
    table.mark({run.id: 0})                       # marker and colour of the palette's first slot; None: only marked
    table.current                                 # the run under the cursor, which follows its run as the list changes

It takes no focus and no keys: the screen moves the cursor. `RunTable.Moved` says that another run is under it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message
from textual.strip import Strip

from moetui.core.catalogue.records import RunRecord
from moetui.core.query.grouping import Together
from moetui.tui.panel import Panel, shows
from moetui.tui.widgets.columns import Placed, fit
from moetui.tui.widgets.listing import Line, Listing
from moetui.tui.widgets.run_lines import GUTTER, Look, group_line, header_line, run_line

HEADER = 1
GROUP_FACTS = 55
"""Cells that a group's line keeps free for what it tells of the group, where there is room."""
WHEEL_ROWS = 3


class RunTable(Panel):
    """Shows one `Listing` after the other. Its first column is always there, the others as far as the width allows."""

    DEFAULT_CSS = """
    RunTable {
        width: 1fr;
        height: 1fr;
        & > .run-table--header { color: $text-muted; text-style: bold; }
        & > .run-table--sorted { color: $text-accent; text-style: bold; }
        & > .run-table--group { color: $text; text-style: bold; }
        & > .run-table--empty { color: $text-muted; }
        & > .run-table--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "run-table--header",
        "run-table--sorted",
        "run-table--cursor",
        "run-table--group",
        "run-table--empty",
    }

    @dataclass
    class Moved(Message):
        """Another run, or none, as on a group's line, is under the cursor."""

        run: RunRecord | None

        def can_replace(self, message: Message) -> bool:
            """Of a burst, the last one counts."""
            return isinstance(message, RunTable.Moved)

    class Opened(Message):
        """The line under the cursor was clicked twice."""

    def __init__(self) -> None:
        super().__init__()
        self._listing = Listing()
        self._marks: Mapping[str, int | None] = {}
        self._skipped = 0
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
        """The run under the cursor; None in an empty list and on the line of a group."""
        return self.line if isinstance(self.line, RunRecord) else None

    @property
    def group(self) -> Together | None:
        """The group whose line is under the cursor, or that of the run there; None where nothing is grouped."""
        above = self._listing.lines[self._row :: -1] if self._listing.view.group else ()
        return next((line for line in above if isinstance(line, Together)), None)

    @property
    def line(self) -> Line | None:
        """What is under the cursor: a run or a group."""
        return self._listing.lines[self._row] if self._row < len(self._listing.lines) else None

    @property
    def in_view(self) -> tuple[Line, ...]:
        """The lines on the screen."""
        return self._listing.lines[self._top : self._top + self._rows]

    @shows
    def show(self, listing: Listing, *, empty: str = "", from_top: bool = False) -> None:
        """Show this list. The cursor stays on its run, and that on its line: the next key must not do something to another run.

        A run that is gone leaves the cursor to the one that follows it or, with `from_top`, to the first. `empty` is what an empty
        list says, in one or more lines.
        """
        before = self.line
        line = self._row - self._top
        self._listing, self._empty = listing, empty
        if before is not None and (row := listing.rows.get(before.id)) is not None:
            self._row, self._top = row, row - line
        elif from_top:
            self._row = self._top = 0
        self._place()
        after = self.line
        if (before and before.id) != (after and after.id):
            self.post_message(self.Moved(self.current))

    def mark(self, marks: Mapping[str, int | None]) -> None:
        """Mark these runs, by id, and no others: with marker and colour of a slot of the palette if it is told."""
        self._marks = dict(marks)
        self._paint()

    def go_to(self, run_id: str) -> bool:
        """Put the cursor on a run; False if the list does not hold it."""
        row = self._listing.rows.get(run_id)
        if row is not None:
            self.go(row)
        return row is not None

    def skip(self, columns: int) -> None:
        """Leave out so many more columns behind the first, to show those for which there is no room."""
        most = max(len(self._listing.columns) - 2, 0)
        self._skipped = min(max(self._skipped + columns, 0), most)
        self._paint()

    def move(self, rows: int) -> None:
        """Move the cursor down by so many rows."""
        self.go(max(self._row + rows, 0))

    def page(self, pages: int) -> None:
        """Move the cursor down by so many screens."""
        self.move(pages * max(self._rows - 1, 1))

    def go(self, row: int) -> None:
        """Put the cursor on a row, counted from 0; -1 is the last."""
        before = self.line
        self._row = row if row >= 0 else len(self._listing.lines) - 1
        self._place()
        if self.line is not before:
            self.post_message(self.Moved(self.current))

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
        """Put the cursor on the row under the pointer; a second click opens it."""
        row = self._top + event.y - HEADER
        if event.y >= HEADER and row < len(self._listing.lines):
            self.go(row)
            if event.chain == 2:
                self.post_message(self.Opened())

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
        count = len(self._listing.lines)
        self._row = min(max(self._row, 0), max(count - 1, 0))
        self._top = min(max(self._top, self._row - self._rows + 1), self._row)
        self._top = max(0, min(self._top, count - self._rows))
        self._paint()

    def _paint(self) -> None:
        """Draw the lines anew and refresh those that differ."""
        old = self._lines
        if not old or not self.is_mounted:
            self._lines = []
            self.refresh()
            return
        self._repaint()
        self.refresh_changed(old, self._lines)

    def _repaint(self) -> None:
        look = self._look = self._look or self._styles()
        order, columns = self._listing.order, self._listing.columns
        skipped = min(self._skipped, max(len(columns) - 2, 0))
        shown = [columns[0], *columns[1 + skipped :]]
        placed = fit(shown, self.size.width - GUTTER, must={order.key} if order else ())
        lines = [header_line(placed, self._listing, look)]
        lines += [self._drawn(line, placed, look, row == self._row) for row, line in enumerate(self.in_view, self._top)]
        if not self._listing.lines:
            lines += [[Segment(f"{'':{GUTTER + 1}}{text}", look.empty)] for text in ("", *self._empty.splitlines())]
        width = self.size.width
        self._lines = [list(Strip(line).adjust_cell_length(width, look.plain)) for line in lines]
        blank = [Segment(" " * width, look.plain)]
        self._lines += [blank] * (self.size.height - len(lines))

    def _drawn(self, line: Line, placed: Sequence[Placed], look: Look, under_cursor: bool) -> list[Segment]:
        if isinstance(line, RunRecord):
            return run_line(
                line,
                placed,
                self._listing,
                look,
                marked=line.id in self._marks,
                mark=self._marks.get(line.id),
                under_cursor=under_cursor,
            )
        longest = max(cell_len(group.title) for group in self.in_view if isinstance(group, Together))
        room = max(self.size.width - GROUP_FACTS, 12)
        marked = sum(run.id in self._marks for run in line.runs) if self._marks else 0
        width = min(longest, room)
        return group_line(line, self._listing, look, title_width=width, under_cursor=under_cursor, marked=marked)

    def _styles(self) -> Look:
        part = self.get_component_rich_style
        return Look(
            plain=self.rich_style,
            header=part("run-table--header"),
            sorted_header=part("run-table--sorted"),
            cursor=part("run-table--cursor"),
            group=part("run-table--group"),
            empty=part("run-table--empty"),
        )
