"""What there is to tell at the moment, in the line of the keys, where it covers no chart and no list."""

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.events import Click
from textual.timer import Timer
from textual.widgets import Static

from moetui.tui.panel import Panel
from moetui.tui.widgets.columns import cut

SIGNS = {"information": "i", "warning": "!", "error": "×"}


class Notice(Static, Panel):
    """Shows the newest of the notifications until its time is over; a click takes all away."""

    DEFAULT_CSS = """
    Notice { dock: bottom; width: 100%; height: 1; padding: 0 1; background: $panel; display: none; }
    Notice > .notice--warning { color: $text-warning; text-style: bold; }
    Notice > .notice--error { color: $text-error; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"notice--warning", "notice--error"}

    def __init__(self) -> None:
        super().__init__()
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        """Show what was told before there was a screen."""
        self.tell()

    def tell(self) -> None:
        """Show the last notification of the app, and how many others there are."""
        notices = list(self.app._notifications)
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.display = bool(notices)
        if not notices:
            return
        newest = notices[-1]
        words = " ".join(f"{newest.title}: {newest.message}".split() if newest.title else newest.message.split())
        more = f"  +{len(notices) - 1}" if len(notices) > 1 else ""
        room = max(self.app.size.width - 4 - len(more), 1)
        line = Text(f"{SIGNS[newest.severity]} {cut(words, room)}", self._style(newest.severity), no_wrap=True)
        self.update(line.append(more, "dim"), layout=False)
        self._timer = self.set_timer(max(newest.time_left, 0.1), self.app._refresh_notifications)

    def on_click(self, event: Click) -> None:
        """Take away what was told."""
        self.app.clear_notifications()

    def _style(self, severity: str) -> Style:
        if severity == "information":
            return Style()
        return self.get_component_rich_style(f"notice--{severity}", partial=True)
