"""A question that is answered with yes or no."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from moetui.tui.dialogs.dialog import ANSWERS, YesNo


class Confirm(YesNo):
    """Asks in words."""

    DEFAULT_CSS = """
    Confirm { align: center middle; }
    Confirm > Vertical { width: auto; max-width: 90%; height: auto; padding: 1 2; border: round $warning; background: $surface; }
    Confirm Static { width: auto; }
    """

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The question and the keys that answer it."""
        with Vertical():
            yield Static(Text(self._question))
            yield Static(Text(f"\n{ANSWERS}", style="dim"))
