"""What the main screens have in common: the head line, the footer and the picture of the laboratory they draw."""

from collections.abc import Callable, Iterable
from typing import Protocol, cast

from textual.app import ComposeResult
from textual.screen import Screen

from moetui.core.runs.lab import Lab
from moetui.core.terminal import Charset
from moetui.tui.alerts import Alerts
from moetui.tui.changes import Changes
from moetui.tui.feed import Feed, Picture
from moetui.tui.panel import Contained
from moetui.tui.widgets.footer import KeysFooter
from moetui.tui.widgets.head import Head
from moetui.tui.widgets.notice import Notice


class Laboratory(Protocol):
    """What the screens need of the application: the laboratory, its newest picture, and the way to another screen."""

    lab: Lab
    feed: Feed
    picture: Picture
    remote: bool
    charset: Charset
    watch_ids: tuple[str, ...]
    alerts: Alerts

    def refresh_picture(self) -> None:
        """Read the laboratory now."""

    def once_shown(self, callback: Callable[[], object]) -> None:
        """Call this as soon as the terminal shows the first screen."""

    def watch_runs(self, run_ids: Iterable[str]) -> None:
        """Go to Live and show these runs first."""

    def compare_runs(self, run_ids: Iterable[str]) -> None:
        """Go to Compare and judge these runs."""

    def take_compared(self) -> tuple[str, ...]:
        """The ids of the runs that Compare was asked for since the last time."""


class PlaceScreen(Contained, Screen[None]):
    """One of the main screens. Subclasses compose their body in `compose_body` and draw a picture in `show_picture`."""

    place: str = ""

    def __init__(self) -> None:
        super().__init__()
        self.changes = Changes()

    def compose(self) -> ComposeResult:
        """Head line, body, footer."""
        yield Head(self.place)
        yield from self.compose_body()
        yield KeysFooter()
        yield Notice()

    def compose_body(self) -> ComposeResult:
        """The widgets between head line and footer."""
        yield from ()

    def receive(self, picture: Picture) -> None:
        """Take a new picture of the laboratory; the app calls it on the visible screen, which takes it up when it is there."""
        if not (self.is_mounted and self.app.is_running):  # an app that ends takes its screens apart
            return
        with self.contained():
            head = self.query_one(Head)
            head.alerts = self.laboratory.alerts.count(picture)
            head.picture, head.remote = picture, self.laboratory.remote
            self.show_picture(picture)

    def on_screen_resume(self) -> None:
        """Catch up on what happened while another screen was shown."""
        self.receive(self.laboratory.picture)

    @property
    def laboratory(self) -> Laboratory:
        """The app."""
        return cast("Laboratory", self.app)

    def show_picture(self, picture: Picture) -> None:
        """Draw the picture; must not cause a layout unless the set of runs changed."""
