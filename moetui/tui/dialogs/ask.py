"""A question that is answered with a line of text."""

from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from moetui.tui.dialogs.dialog import Dialog
from moetui.tui.widgets.line import Line


class Ask(Dialog[str | None]):
    """Returns the line as it was left with `enter`, None for `escape`."""

    DEFAULT_CSS = """
    Ask { align: center middle; }
    Ask > Vertical {
        width: 72; max-width: 100%; height: auto; padding: 0 1; border: round $primary; background: $surface;
    }
    Ask Static { height: auto; color: $text-muted; }
    Ask #fault { color: $text-error; text-style: bold; }
    """
    BINDINGS = [Binding("escape", "dismiss", "Leave as it is")]  # noqa: RUF012  # Textual's convention

    def __init__(
        self, question: str, text: str = "", hint: str = "", *, check: Callable[[str], str] = lambda line: ""
    ) -> None:
        """`text` is what the line holds at first; `hint` stands below it. `check` says what is wrong with a line, if anything."""
        super().__init__()
        self._check = check
        self._question = question
        self._text = text
        self._hint = hint

    def compose(self) -> ComposeResult:
        """The line in a frame, where one begins to type behind the text, and the hint."""
        with Vertical() as box:
            box.border_title = Text(self._question)
            box.border_subtitle = "enter keeps   esc leaves as it is"
            yield Line(self._text, entered=self._keep)
            yield Static(id="fault")
            yield Static(Text(self._hint))

    def _keep(self, text: str) -> None:
        """Close with the text, unless something is wrong with it."""
        if fault := self._check(text):
            self.query_one("#fault", Static).update(Text(fault))
        else:
            self.dismiss(text)

    def on_input_changed(self) -> None:
        """What was wrong may be right now."""
        self.query_one("#fault", Static).update("")
