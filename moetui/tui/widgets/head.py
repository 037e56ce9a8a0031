"""The head line: where one is, what else there is, and what the laboratory does at this moment."""

from collections import Counter

from rich.text import Text
from textual.reactive import reactive

from moetui.tui.feed import Picture
from moetui.tui.panel import Panel
from moetui.tui.places import PLACES
from moetui.tui.widgets.clickable import clickable


class Head(Panel):
    """One line: the places, then the counts of runs, or the fault of the catalogue if it cannot be read."""

    DEFAULT_CSS = """
    Head { height: 1; dock: top; padding: 0 1; background: $panel; color: $foreground; }
    """

    picture: reactive[Picture] = reactive(Picture(), repaint=False)
    remote: reactive[bool] = reactive(False, layout=False)
    alerts: reactive[int] = reactive(0, layout=False)
    """How many ends and findings nobody has looked at."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.auto_links = False  # what can be clicked looks as it does
        self._place = place

    def watch_picture(self, before: Picture, now: Picture) -> None:
        """Draw the line anew, but only if it says something else: it is sent as a whole."""
        if self._status(before) != self._status(now):
            self.refresh()

    def render(self) -> Text:
        """The line, cut to the width."""
        line = Text("moetui ", style="bold", no_wrap=True, overflow="ellipsis")
        for number, place in enumerate(PLACES, start=1):
            look = "reverse bold" if place.name == self._place else "dim"
            line.append(f" {number} {place.title} ", clickable(look, f"app.show({place.name!r})"))
        room = self.size.width - line.cell_len
        status = self._status(self.picture)
        status.truncate(max(room, 0), overflow="ellipsis")
        line.append(" " * max(room - status.cell_len, 0))
        return line.append_text(status)

    def _status(self, picture: Picture) -> Text:
        if picture.error:
            return Text(f" {picture.error}", style="bold red")
        counts = Counter(run.status for run in picture.snapshot.runs if run.pending)
        words = [f"{count} {status}" for status, count in counts.items()]
        words = words or ["nothing runs"]
        status = Text("  ").append(
            f"{self.alerts} new (!) · " if self.alerts else "", clickable("bold yellow", "app.alerts")
        )
        return status.append(" · ".join(["slow link", *words] if self.remote else words))
