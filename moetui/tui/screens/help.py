"""Every key of the present screen, from the table of actions."""

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from moetui.tui.actions import Place, actions_of, key_names
from moetui.tui.dialog import Dialog


class Help(Dialog[None]):
    """The keys of one place and those that work everywhere."""

    DEFAULT_CSS = """
    Help { align: center middle; }
    Help > VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface;
    }
    """
    BINDINGS = [Binding("escape,q,question_mark,enter", "dismiss", "Close")]  # noqa: RUF012  # Textual's convention

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def compose(self) -> ComposeResult:
        """One table of keys and sentences."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for place in dict.fromkeys((self._place, "everywhere")):
            for action in actions_of(place):
                table.add_row(key_names(action), action.help)
        scroll = VerticalScroll(Static(table))
        scroll.border_title = f"Keys: {self._place}"
        scroll.border_subtitle = "esc closes"
        yield scroll
