"""A list to pick from: one thing, or several in an order, found by typing."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from moetui.tui.dialogs.dialog import Dialog
from moetui.tui.widgets.line import WholePaste

ROWS = 12
AROUND = 5
"""Lines of the dialog that are no choices, and one to spare."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to pick: its key, and what it is called."""

    key: str
    text: str


class Finder(WholePaste):
    """The line to find something with. Some characters, which no key of a configuration has, are commands instead.

    They are handed on as messages of the line, so that of a burst of keys they come after what was typed before them.
    """

    COMMANDS = " +-"

    def __init__(self, *, several: bool) -> None:
        """`several`: several things can be picked, so that there are commands; of one thing all that is typed is looked for."""
        super().__init__(placeholder="type to find", compact=True)
        self._several = several

    class Command(Message):
        """One of the characters that are commands was typed."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    def replace(self, text: str, start: int, end: int) -> None:
        """Type, but keep commands out of the text."""
        if self._several and len(text) == 1 and text in self.COMMANDS:
            self.post_message(self.Command(text))
        else:
            super().replace(text, start, end)


class Rows(Widget):
    """The choices around the cursor; those picked carry a cross if several can be."""

    DEFAULT_CSS = "Rows { height: auto; }"

    class Clicked(Message):
        """The mouse clicked the choice under the cursor."""

    shown: reactive[tuple[Choice, ...]] = reactive((), layout=True)
    cursor: reactive[int] = reactive(0)
    picked: reactive[tuple[str, ...]] = reactive(())

    def __init__(self, *, several: bool) -> None:
        super().__init__()
        self._several = several
        self._top = 0

    @property
    def current(self) -> Choice | None:
        """The choice under the cursor."""
        return self.shown[self.cursor] if self.cursor < len(self.shown) else None

    def validate_cursor(self, cursor: int) -> int:
        """Keep the cursor on the list."""
        return max(0, min(cursor, len(self.shown) - 1))

    def render(self) -> Text:
        """As many choices as there is room for."""
        room = max(self.size.height, 1)
        self._top = max(0, min(max(self._top, self.cursor - room + 1), self.cursor, len(self.shown) - room))
        lines = []
        for row, choice in enumerate(self.shown[self._top : self._top + room], self._top):
            cross = f"[{'x' if choice.key in self.picked else ' '}] " if self._several else ""
            line = Text(f"{'›' if row == self.cursor else ' '} {cross}{choice.text}", no_wrap=True)
            line.truncate(max(self.size.width, 1), overflow="ellipsis", pad=True)
            line.stylize("reverse" if row == self.cursor else "")
            lines.append(line)
        return Text("\n").join(lines or [Text("  nothing of that name", style="dim")])

    def on_click(self, event: Click) -> None:
        """Put the cursor on the choice under the pointer."""
        if self._top + event.y < len(self.shown):
            self.cursor = self._top + event.y
            self.post_message(self.Clicked())

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move the cursor down."""
        self.cursor += 1

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move the cursor up."""
        self.cursor -= 1

    def get_content_height(self, *sizes: object) -> int:
        """One line for each choice, as far as the screen has room beside the frame, the line and the keys."""
        return max(min(len(self.shown), ROWS, self.app.size.height - AROUND), 1)


class Pick(Dialog[tuple[str, ...] | None]):
    """Returns the keys that were picked, in their order, with `enter`; None for `escape`."""

    DEFAULT_CSS = """
    Pick { align: center middle; }
    Pick > Vertical {
        width: 72; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; border: round $primary; background: $surface;
    }
    Pick Static { height: auto; color: $text-muted; }
    """
    BINDINGS = [  # noqa: RUF012  # Textual's convention
        Binding("escape", "dismiss", "Leave as it is"),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", f"move(-{ROWS})", "Page up", show=False),
        Binding("pagedown", f"move({ROWS})", "Page down", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], picked: Sequence[str] | None = None) -> None:
        """`picked`: what is picked at first, in its order, where several can be; None: one is to be picked."""
        super().__init__()
        self._title = title
        self._several = picked is not None
        self._choices = {choice.key: choice for choice in choices}
        self._picked = [key for key in picked or () if key in self._choices]

    def compose(self) -> ComposeResult:
        """The line to find something with, the choices, and the keys."""
        with Vertical() as box:
            box.border_title = Text(self._title)
            box.border_subtitle = "enter takes   esc leaves as it is"
            yield Finder(several=self._several)
            yield Rows(several=self._several)
            yield Static(Text("space ticks   + - move up and down" if self._several else "↑ ↓ move"))

    def on_mount(self) -> None:
        """Show everything, what is picked first."""
        self._show()

    def on_input_changed(self) -> None:
        """Show what fits what was typed."""
        self._show()
        self.query_one(Rows).cursor = 0

    def on_input_submitted(self) -> None:
        """Close with what is picked; where it is one thing, that under the cursor."""
        current = self.query_one(Rows).current
        if self._several:
            self.dismiss(tuple(self._picked))
        elif current is not None:
            self.dismiss((current.key,))

    def on_rows_clicked(self) -> None:
        """Tick what was clicked, or take it where one thing is wanted."""
        current = self.query_one(Rows).current
        if not self._several:
            self.on_input_submitted()
        elif current is not None:
            self._tick(current)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.query_one(Rows).cursor += by

    def on_finder_command(self, event: Finder.Command) -> None:
        """Pick what is under the cursor, or no longer, or move it among what is picked."""
        current = self.query_one(Rows).current
        if current is not None and self._several:
            if event.character == " ":
                self._tick(current)
            elif current.key in self._picked:
                self._shift(current, -1 if event.character == "+" else 1)

    def _tick(self, current: Choice) -> None:
        if current.key in self._picked:
            self._picked.remove(current.key)
        else:
            self._picked.append(current.key)
        self.query_one(Rows).picked = tuple(self._picked)

    def _shift(self, current: Choice, by: int) -> None:
        place = self._picked.index(current.key)
        self._picked.remove(current.key)
        self._picked.insert(max(place + by, 0), current.key)
        self._show()
        rows = self.query_one(Rows)
        rows.cursor = rows.shown.index(current)

    def _show(self) -> None:
        typed = self.query_one(Finder).value.casefold().split()
        order = [*self._picked, *(key for key in self._choices if key not in self._picked)]
        rows = self.query_one(Rows)
        rows.picked = tuple(self._picked)
        rows.shown = tuple(
            self._choices[key]
            for key in order
            if all(word in f"{key} {self._choices[key].text}".casefold() for word in typed)
        )
        rows.refresh()
