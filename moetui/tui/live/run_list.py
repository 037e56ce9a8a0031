"""The list of runs on the Live screen: a window of lines of which only what changed is sent to the terminal."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message
from textual.strip import Strip

from moetui.core.catalogue.records import RunRecord
from moetui.tui.live.row import Entry, Line, head_line, run_line, widths_for
from moetui.tui.panel import Panel, shows

HEAD = 1
"""Lines above the runs."""


class RunList(Panel):
    """A head line and the runs in the order given. The cursor stays on its run, whatever happens around it."""

    DEFAULT_CSS = """
    RunList { height: 4; }
    RunList > .run-list--cursor { background: $surface-lighten-1; }
    """
    COMPONENT_CLASSES = {"run-list--cursor"}  # noqa: RUF012  # Textual's convention

    class Moved(Message):
        """The mouse moved the cursor."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._caption = ""
        self._entries: Sequence[Entry] = ()
        self._cursor = ""
        self._top = 0
        self._lines: tuple[Line, ...] = ()

    @property
    def current(self) -> RunRecord | None:
        """The run under the cursor."""
        return next((entry.run for entry in self._entries if entry.run.id == self._cursor), None)

    @property
    def in_view(self) -> tuple[RunRecord, ...]:
        """The runs whose lines are seen."""
        return tuple(entry.run for entry in self._entries[self._top : self._top + self._room])

    @shows
    def show(self, caption: str, entries: Sequence[Entry]) -> None:
        """Show these runs under this caption; nothing is laid out anew."""
        in_view = self._top <= self._index(self._cursor) < self._top + self._room
        self._caption, self._entries = caption, entries
        if self.current is None:
            self.point_at(next((entry.run.id for entry in entries if entry.run.live), ""))
        elif in_view:
            self.reveal(self._cursor)
        self._update()

    def point_at(self, run_id: str) -> None:
        """Put the cursor on a run, or on the first one if it is not listed, and bring it into view."""
        if not any(entry.run.id == run_id for entry in self._entries):
            run_id = self._entries[0].run.id if self._entries else ""
        self._cursor = run_id
        self.reveal(run_id)

    def move(self, step: int) -> None:
        """Move the cursor by so many lines, as far as there are runs."""
        if self._entries:
            index = max(0, min(len(self._entries) - 1, self._index(self._cursor) + step))
            self.point_at(self._entries[index].run.id)

    def reveal(self, run_id: str) -> None:
        """Bring a run into view without moving the cursor."""
        index = self._index(run_id)
        self._top = max(index - self._room + 1, min(self._top, index))
        self._update()

    def render_line(self, y: int) -> Strip:
        """The head line or one run."""
        if y >= len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        ground = self.rich_style
        if y >= HEAD and self._top + y - HEAD == self._index(self._cursor):
            ground += self.get_component_rich_style("run-list--cursor", partial=True)
        segments = [Segment(cell.text, ground + Style.parse(cell.style)) for cell in self._lines[y] if cell.text]
        return Strip(segments).adjust_cell_length(self.size.width, ground)

    def on_click(self, event: Click) -> None:
        """Put the cursor on the run under the pointer."""
        place = self._top + event.y - HEAD
        if event.y >= HEAD and place < len(self._entries):
            self.point_at(self._entries[place].run.id)
            self.post_message(self.Moved())

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move the cursor down."""
        event.stop()
        self.move(1)
        self.post_message(self.Moved())

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move the cursor up."""
        event.stop()
        self.move(-1)
        self.post_message(self.Moved())

    def on_resize(self, event: Resize) -> None:
        """Show as many runs as there is room for, from the first one if the cursor is among them."""
        self._top = 0
        self.reveal(self._cursor)

    @property
    def _room(self) -> int:
        return max(self.size.height - HEAD, 1)

    def _index(self, run_id: str) -> int:
        return next((index for index, entry in enumerate(self._entries) if entry.run.id == run_id), 0)

    def _update(self) -> None:
        """Write the visible lines anew and refresh those that differ."""
        widths = widths_for(self.size.width)
        self._top = max(0, min(self._top, len(self._entries) - self._room))
        shown = self._entries[self._top : self._top + self._room]
        old, self._lines = (
            self._lines,
            (
                head_line(self._headline(len(shown)), widths),
                *(run_line(entry, widths, cursor=entry.run.id == self._cursor) for entry in shown),
            ),
        )
        self.refresh_changed(old, self._lines)

    def _headline(self, shown: int) -> str:
        if shown == len(self._entries):
            return self._caption
        return f"{self._caption} · {self._top + 1}–{self._top + shown} of {len(self._entries)}"
