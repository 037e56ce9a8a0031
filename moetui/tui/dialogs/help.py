"""Every key of the present screen, and with a search those of all others, from the table of actions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, get_args

from rich.table import Table
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from moetui.tui.action_groups import group_of
from moetui.tui.actions import Action, Place, actions_of
from moetui.tui.bindings import key_names
from moetui.tui.dialogs.dialog import Dialog
from moetui.tui.widgets.line import Line
from moetui.tui.widgets.scroll_keys import SCROLLING, ScrollKeys

Groups = Mapping[str, Sequence[Action]]


class Help(Dialog[None], ScrollKeys):  # the dialog first: Textual takes the styles of the first base only
    """The keys of one place by groups, and those that work everywhere. What is searched for is searched in all places."""

    DEFAULT_CSS = """
    Help { align: center middle; }
    Help > VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface;
    }
    Help Line { display: none; dock: top; }
    Help Line.-open { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Close"),
        Binding("q,question_mark,enter", "dismiss", "Close"),
        Binding("slash", "search", "Search"),
        *SCROLLING,
    ]
    AUTO_FOCUS = ""

    def __init__(self, place: Place, keymap: Mapping[str, str]) -> None:
        """`keymap` are the user's keys by the full ids of actions."""
        super().__init__()
        self._place = place
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """The line to search with, and the keys."""
        with VerticalScroll(can_focus=False) as box:
            box.border_title = f"Keys: {self._place}"
            box.border_subtitle = "/ searches all keys   esc closes"
            yield Line(entered=lambda _: self.set_focus(None), placeholder="words of an action, or a key")
            yield Static()

    def on_mount(self) -> None:
        """Show the keys of the place."""
        self._list("")

    def action_search(self) -> None:
        """Open the search."""
        line = self.query_one(Line)
        line.add_class("-open")
        self.set_focus(line)

    def action_back(self) -> None:
        """Close the search, or the help."""
        line = self.query_one(Line)
        if line.has_class("-open"):
            line.remove_class("-open")
            line.value = ""
            self.set_focus(None)
        else:
            self.dismiss()

    @on(Line.Changed)
    def _typed(self, event: Line.Changed) -> None:
        self._list(event.value)

    def _list(self, query: str) -> None:
        groups = found(query, self._keymap) if query.strip() else of_place(self._place)
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column()
        for name, actions in groups.items():
            table.add_row("", f"[dim]{name}[/dim]")
            for action in actions:
                table.add_row(key_names(action, self._keymap), action.help)
        if not groups:
            table.add_row("", "[dim]no action has these words[/dim]")
        self.query_one(Static).update(table)


def of_place(place: Place) -> Groups:
    """The actions of a place by groups, then those of everywhere."""
    groups: dict[str, list[Action]] = {}
    for action in actions_of(place):
        groups.setdefault(group_of(action), []).append(action)
    return groups | {"Everywhere": list(actions_of("everywhere"))}


def found(query: str, keymap: Mapping[str, str]) -> Groups:
    """The actions, by places, that have all words of a query in their sentence, their id or their keys."""
    words = query.casefold().split()

    def fitting(place: Place) -> Iterator[Action]:
        for action in actions_of(place):
            text = f"{place} {action.help} {action.id} {key_names(action, keymap)}".casefold()
            if all(word in text for word in words):
                yield action

    groups = {place.capitalize(): list(fitting(place)) for place in get_args(Place)}
    return {name: actions for name, actions in groups.items() if actions}
