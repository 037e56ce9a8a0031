"""A question that is answered with yes or no."""

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from moetui.tui.dialogs.dialog import Dialog


class Confirm(Dialog[bool]):
    """Asks and returns True for `y` or `enter`, False for `n` or `escape`."""

    DEFAULT_CSS = """
    Confirm { align: center middle; }
    Confirm > Vertical { width: auto; max-width: 90%; height: auto; padding: 1 2; border: round $warning; background: $surface; }
    Confirm Static { width: auto; }
    """
    BINDINGS = [  # noqa: RUF012  # Textual's convention
        Binding("y,enter", "answer(True)", "Yes"),
        Binding("n,escape,q", "answer(False)", "No"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The question and the keys that answer it."""
        with Vertical():
            yield Static(Text(self._question))
            yield Static(Text("\ny or enter: yes   n or esc: no", style="dim"))

    def action_answer(self, answer: bool) -> None:
        """Close with the answer."""
        self.dismiss(answer)
