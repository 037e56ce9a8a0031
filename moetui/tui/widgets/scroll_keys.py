"""What the keys of moving do on a screen that has words to scroll and no cursor in them."""

from typing import Final

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widget import Widget

SCROLLING: Final[tuple[BindingType, ...]] = (
    Binding("up,k", "scroll(-1)", "Up"),
    Binding("down,j,space", "scroll(1)", "Down"),
    Binding("pageup", "page(-1)", "Page up"),
    Binding("pagedown", "page(1)", "Page down"),
)
"""The keys of a dialog that scrolls; screens have theirs from the table of actions."""


class ScrollKeys(Screen[None]):
    """A screen with one `VerticalScroll`, or another part that scrolls and is said to be `scrolled`."""

    @property
    def scrolled(self) -> Widget:
        """The part that scrolls."""
        return self.query_one(VerticalScroll)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.scrolled.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by what is seen."""
        self.action_scroll(pages * max(self.scrolled.size.height - 1, 1))

    def action_row(self, place: int) -> None:
        """Go to the first line or, with -1, to the last."""
        self.scrolled.scroll_to(y=place % max(self.scrolled.virtual_size.height, 1), animate=False)
