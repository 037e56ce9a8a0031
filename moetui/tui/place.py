"""What the main screens have in common: the head line, the footer and the picture of the laboratory they draw."""

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.screen import Screen

from moetui.tui.feed import Picture
from moetui.tui.panel import Contained
from moetui.tui.widgets.footer import KeysFooter
from moetui.tui.widgets.head import Head

if TYPE_CHECKING:
    from moetui.tui.app import MoetuiApp


class PlaceScreen(Contained, Screen[None]):
    """One of the main screens. Subclasses compose their body in `compose_body` and draw a picture in `show_picture`."""

    place: str = ""

    def compose(self) -> ComposeResult:
        """Head line, body, footer."""
        yield Head(self.place)
        yield from self.compose_body()
        yield KeysFooter()

    def compose_body(self) -> ComposeResult:
        """The widgets between head line and footer."""
        yield from ()

    def receive(self, picture: Picture) -> None:
        """Take a new picture of the laboratory; the app calls it on the visible screen, which takes it up when it is there."""
        if not (self.is_mounted and self.app.is_running):  # an app that ends takes its screens apart
            return
        with self.contained():
            head = self.query_one(Head)
            head.picture, head.remote = picture, self.laboratory.remote
            self.show_picture(picture)

    def on_screen_resume(self) -> None:
        """Catch up on what happened while another screen was shown."""
        self.receive(self.laboratory.picture)

    @property
    def laboratory(self) -> "MoetuiApp":
        """The app, which holds the laboratory, its feed and the newest picture."""
        return cast("MoetuiApp", self.app)

    def show_picture(self, picture: Picture) -> None:
        """Draw the picture; must not cause a layout unless the set of runs changed."""
