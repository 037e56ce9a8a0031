"""The tour of the first start: five steps through the laboratory."""

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from moetui.tui.actions import ACTIONS
from moetui.tui.bindings import key_names
from moetui.tui.dialogs.dialog import Dialog

STEPS: tuple[tuple[str, str], ...] = (
    (
        "A laboratory in a terminal",
        "moetui trains small Mixture-of-Experts models and tells which learning rate is best, and how sure that is. "
        "Runs train in the background: leave with {everywhere.quit}, close the connection, come back later.",
    ),
    (
        "Launch",
        "{everywhere.show('launch')} lists the presets. Choose one with the arrows, tick learning rates, schedules and seeds "
        "with {launch.tick}, and start with {launch.launch}. quickstart trains three learning rates in about two minutes.",
    ),
    (
        "Live",
        "{everywhere.show('live')} draws the runs as they train. {live.toggle_run} puts a run on the charts, {live.maximise} "
        "gives one chart all the space, {live.log} reads the log, {live.stop} stops a run.",
    ),
    (
        "Runs and Compare",
        "{everywhere.show('runs')} holds everything recorded, published results too. Find with {runs.filter}, such as lr>=0.05, "
        "mark with {runs.mark}, overlay with {runs.overlay}. {everywhere.show('compare')} says which learning rate is best, and "
        "how sure that is.",
    ),
    (
        "Help",
        "{everywhere.help} shows the keys of the place where you are, {everywhere.command_palette} searches all actions by "
        "name, {everywhere.theme} changes the colours, {everywhere.tour} brings this tour back.",
    ),
)
"""Title and text of each step; actions in braces stand for their keys."""


class Tour(Dialog[bool]):
    """Returns True if it need not come by itself again: it was read to its end, or is not wanted."""

    DEFAULT_CSS = """
    Tour { align: center middle; }
    Tour > Vertical {
        width: 64; max-width: 100%; height: auto; max-height: 100%; padding: 0 2;
        border: round $primary; background: $surface;
    }
    Tour Static { height: auto; }
    Tour #keys { color: $text-muted; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,right,space", "turn(1)", "Next"),
        Binding("left,backspace", "turn(-1)", "Back"),
        Binding("escape", "leave(False)", "Later"),
        Binding("x,q", "leave(True)", "Never again"),
    ]

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._keys = {action.full_id: key_names(action, keymap) for action in ACTIONS}
        self._step = 0

    def compose(self) -> ComposeResult:
        """The step and the keys."""
        with Vertical():
            yield Static(id="text")
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Begin with the first step."""
        self._show()

    def action_turn(self, step: int) -> None:
        """Go to another step; after the last the tour is over."""
        self._step = max(self._step + step, 0)
        if self._step == len(STEPS):
            self.dismiss(True)
        else:
            self._show()

    def action_leave(self, for_good: bool) -> None:
        """Close the tour."""
        self.dismiss(for_good)

    def _show(self) -> None:
        title, text = STEPS[self._step]
        self.query_one(Vertical).border_title = f"{self._step + 1} of {len(STEPS)}: {title}"
        self.query_one("#text", Static).update(with_keys(text, self._keys))
        last = self._step == len(STEPS) - 1
        keys = f"enter {'ends' if last else 'goes on'} · ← back · esc later · x never again"
        self.query_one("#keys", Static).update(Text(keys))


def with_keys(text: str, keys: Mapping[str, str]) -> Text:
    """The text with the keys of actions in the place of their ids in braces."""
    first, *rest = text.split("{")
    line = Text(first)
    for part in rest:
        action, _, words = part.partition("}")
        line.append(keys[action], style="bold")
        line.append(words)
    return line
