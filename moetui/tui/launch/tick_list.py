"""A short list of values to tick, with a line to type more of them into."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

from moetui.tui.panel import Panel, shows
from moetui.tui.widgets.line import Line


@dataclass(frozen=True, slots=True)
class TickRow:
    """One value of the list."""

    value: Hashable
    text: str
    ticked: bool


class TickRows(Widget, can_focus=True):
    """The heading and the rows around the cursor. The list itself belongs to the screen; this shows it."""

    DEFAULT_CSS = """
    TickRows { height: 1fr; }
    """

    class Clicked(Message):
        """The mouse clicked the value under the cursor."""

    rows: reactive[tuple[TickRow, ...]] = reactive((), layout=True)
    cursor: reactive[int] = reactive(0)

    def __init__(self, heading: str) -> None:
        super().__init__()
        self._heading = heading
        self._top = 0

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on the list."""
        return max(0, min(cursor, len(self.rows) - 1))

    def move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor += by

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the value under the pointer and tick it."""
        place = self._top + event.y - 1
        if event.y >= 1 and place < len(self.rows):
            self.cursor = place
            self.post_message(self.Clicked())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the cursor down."""
        event.stop()
        self.move(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the cursor up."""
        event.stop()
        self.move(-1)

    def get_content_width(self, *sizes: object) -> int:
        """As wide as the heading with its count, and the longest value with its box and arrow."""
        count = len(str(len(self.rows)))
        return max(len(self._heading) + 2 * count + 4, *(len(row.text) + 6 for row in self.rows), 0)

    def render(self) -> Text:
        """Heading, then as many rows as there is room for; arrows at the right edge say that there are more."""
        width, room = self.size.width, max(self.size.height - 1, 0)
        lines = [self._heading_line(width)]
        self._top = _window(self._top, self.cursor, len(self.rows), room)
        shown = self.rows[self._top : self._top + room]
        for index, row in enumerate(shown, start=self._top):
            more = "↑" if index == self._top > 0 else ""
            more = "↓" if index == self._top + room - 1 < len(self.rows) - 1 else more
            lines.append(self._row_line(row, width, more, here=index == self.cursor))
        return Text("\n").join(lines)

    def _heading_line(self, width: int) -> Text:
        ticked = sum(row.ticked for row in self.rows)
        style = "bold reverse" if self.has_focus else "bold"
        line = Text(f" {self._heading} ", style=style, no_wrap=True)
        count = f"{ticked}/{len(self.rows)} "
        line.append(" " * max(width - line.cell_len - len(count), 0))
        line.append(count)
        line.truncate(width)
        return line

    def _row_line(self, row: TickRow, width: int, more: str, *, here: bool) -> Text:
        pointer = "›" if here and self.has_focus else " "
        line = Text(f"{pointer}[{'x' if row.ticked else ' '}] {row.text}", no_wrap=True)
        line.truncate(max(width - 1, 0), overflow="ellipsis", pad=True)
        line.append(more or " ", style="dim")
        if not row.ticked:
            line.stylize("dim")
        if here and self.has_focus:
            line.stylize("reverse")
        return line


def _window(top: int, cursor: int, count: int, room: int) -> int:
    """The first row to show, so that the cursor is in the window and the window moves as little as it can."""
    top = min(top, cursor)
    top = max(top, cursor - room + 1)
    return max(0, min(top, count - room))


Typed = Callable[["TickList", str], None]


class TickList(Vertical, Panel):
    """The rows and, while something is typed, a line for it below them."""

    DEFAULT_CSS = """
    TickList { width: auto; padding: 0 2 0 0; }
    TickList > TickRows { width: auto; }
    TickList > Input { width: 15; }
    TickList > Input { display: none; }
    TickList.-typing > Input { display: block; }
    """

    class Typing(Message):
        """The line was opened, edited or closed."""

        def __init__(self, tick_list: "TickList") -> None:
            super().__init__()
            self.tick_list = tick_list

    def __init__(self, heading: str, *, typed: Typed, id: str) -> None:  # noqa: A002  # every Textual widget calls it so
        """`typed` is given this list and its line when that is entered; it calls `close_input`, or says what is wrong."""
        super().__init__(id=id)
        self.rows = TickRows(heading)
        self._typed = typed
        self._input = Line(entered=self._enter)

    def compose(self) -> ComposeResult:
        """Rows, then the line."""
        yield self.rows
        yield self._input

    @property
    def typing(self) -> bool:
        """Whether the line is open."""
        return self.has_class("-typing")

    @property
    def current(self) -> TickRow | None:
        """The row under the cursor, if there is any."""
        return self.rows.rows[self.rows.cursor] if self.rows.rows else None

    @shows
    def show(self, rows: Sequence[TickRow], *, fresh: bool = False) -> None:
        """Show these rows; `fresh` puts the cursor on the first ticked one, else it stays on its value."""
        before = self.current
        self.rows.rows = tuple(rows)
        kept = next((i for i, row in enumerate(rows) if before is not None and row.value == before.value), None)
        if fresh or kept is None:
            kept = next((i for i, row in enumerate(rows) if row.ticked), 0)
        self.rows.cursor = kept

    def point_at(self, value: Hashable) -> None:
        """Put the cursor on a value."""
        self.rows.cursor = next((i for i, row in enumerate(self.rows.rows) if row.value == value), self.rows.cursor)

    def open_input(self) -> None:
        """Open the line and go there."""
        self.add_class("-typing")
        self.screen.set_focus(self._input)
        self.post_message(self.Typing(self))

    def close_input(self) -> None:
        """Close the line, forget what was typed, and go back to the rows."""
        self.remove_class("-typing")
        self._input.value = ""
        self.screen.set_focus(self.rows)
        self.post_message(self.Typing(self))

    def _enter(self, text: str) -> None:
        """Hand the line to the screen; an empty one closes."""
        if text.strip():
            self._typed(self, text)
        else:
            self.close_input()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was wrong with the line may be right now."""
        event.stop()
        if self.typing:
            self.post_message(self.Typing(self))

    def key_escape(self, event: events.Key) -> None:
        """Close the line without adding anything."""
        if self.typing:
            event.stop()
            self.close_input()
