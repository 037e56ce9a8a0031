"""The rows of the form on the screen: only the visible ones are rendered, the cursor skips nothing."""

from collections.abc import Sequence

from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from moetui.tui.launch.form_rows import FormRow, row_line


class FormList(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows rows with a cursor on one of them; the cursor stays on its key when the rows change."""

    DEFAULT_CSS = """
    FormList { height: 1fr; background: transparent; scrollbar-size-horizontal: 0; }
    """

    class Moved(Message):
        """The cursor is on another row."""

    class Opened(Message):
        """The row under the cursor was clicked twice."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[FormRow, ...] = ()
        self._cursor = 0

    @property
    def current(self) -> FormRow | None:
        """The row under the cursor."""
        return self._rows[self._cursor] if self._rows else None

    @property
    def rows(self) -> tuple[FormRow, ...]:
        """All rows."""
        return self._rows

    def show(self, rows: Sequence[FormRow]) -> None:
        """Show these rows; a cursor that has lost its key goes to the first one."""
        key = self.current.key if self.current else ""
        self._rows = tuple(rows)
        first = next((place for place, row in enumerate(self._rows) if row.info), 0)
        self._go(next((place for place, row in enumerate(self._rows) if key and row.key == key), first))
        self.virtual_size = Size(0, len(self._rows))
        self.refresh()

    def move(self, by: int) -> None:
        """Move the cursor; past a heading in one step."""
        if not self._rows:
            return
        target = max(0, min(self._cursor + by, len(self._rows) - 1))
        step = 1 if by > 0 or target == 0 else -1
        while 0 <= target + step < len(self._rows) and self._rows[target].info is None:
            target += step
        if self._rows[target].info is not None:
            self._go(target)

    def on_click(self, event: Click) -> None:
        """Put the cursor on the row under the pointer; a second click opens it."""
        place = event.y + self.scroll_offset.y
        if place < len(self._rows) and self._rows[place].info is not None:
            self._go(place)
            if event.chain == 2:
                self.post_message(self.Opened())

    def page(self, pages: int) -> None:
        """Move the cursor by screens."""
        self.move(pages * max(self.size.height - 1, 1))

    def render_line(self, y: int) -> Strip:
        """One row."""
        width, place = self.size.width, y + self.scroll_offset.y
        if place >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        line = row_line(self._rows[place], width, here=place == self._cursor)
        return Strip(line.render(self.app.console)).adjust_cell_length(width).apply_style(self.rich_style)

    def _go(self, place: int) -> None:
        self._cursor = place
        # The heading above the first key of a section comes into sight with it.
        top = place - (place > 0 and self._rows[place - 1].info is None)
        self.scroll_to_region(Region(0, top, 1, place - top + 1), animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved())
