"""A list of which some lines are ticked."""

from collections.abc import Collection, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import SelectionList
from textual.widgets.selection_list import Selection


class Pick(ModalScreen[frozenset[str]]):
    """Lets the user tick some of the options; returns the keys that are ticked, or None if nothing is to change."""

    DEFAULT_CSS = """
    Pick { align: center middle; }
    Pick > Vertical { width: 60; max-width: 100%; height: auto; max-height: 100%; border: round $primary; background: $surface; }
    Pick SelectionList { height: auto; max-height: 1fr; border: none; padding: 0 1; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Take", priority=True),
        Binding("escape,q", "leave", "Leave"),
    ]

    def __init__(self, title: str, options: Mapping[str, str], ticked: Collection[str]) -> None:
        super().__init__()
        self._title = title
        self._options = options
        self._ticked = ticked

    def compose(self) -> ComposeResult:
        """The options."""
        with Vertical() as frame:
            yield SelectionList[str](
                *(Selection(Content(label), key, key in self._ticked) for key, label in self._options.items())
            )
        frame.border_title = self._title
        frame.border_subtitle = "space ticks · enter takes · esc leaves"

    def action_take(self) -> None:
        """Close with what is ticked."""
        self.dismiss(frozenset(self.query_one(SelectionList).selected))

    def action_leave(self) -> None:
        """Close and change nothing."""
        self.dismiss(None)
