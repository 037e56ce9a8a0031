"""Every action of the terminal interface in one table, which feeds the keys, the footer, the command palette and the help."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Place = Literal["everywhere", "launch", "live", "runs", "run"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a user can do: where, by which keys (Textual's names, comma-separated), and what it does in a sentence.

    `id` is the name of the method `action_<id>` on the screen (or on the app, for `everywhere`). `footer` is the label in the
    footer; empty keeps it out of there.
    """

    place: Place
    id: str
    keys: str
    footer: str
    help: str


ACTIONS: tuple[Action, ...] = (
    Action("everywhere", "show('launch')", "1", "", "Go to Launch: choose presets and start runs."),
    Action("everywhere", "show('live')", "2", "", "Go to Live: watch the runs that train now."),
    Action("everywhere", "show('runs')", "3", "", "Go to Runs: browse and compare everything recorded."),
    Action("everywhere", "help", "question_mark", "Help", "Show every key of this screen."),
    Action("everywhere", "command_palette", "colon", "", "Search for an action by name."),
    Action("everywhere", "quit", "q", "Quit", "Leave; runs go on training."),
    Action("launch", "launch", "enter", "Start", "Start the planned runs and watch them (on a folder: fold it)."),
    Action("launch", "tick", "space", "Tick", "Tick or untick the value under the cursor; fold a folder."),
    Action("launch", "tick_all", "a", "All", "Tick every value of this list, or none."),
    Action(
        "launch", "add_value", "n", "New", "Type values into this list: one, several, or a range such as 0.01..0.3 x5."
    ),
    Action("launch", "search", "slash", "Find", "Search the presets as you type; esc shows all again."),
    Action("launch", "settings", "e", "Set", "Change any other setting by its key, such as training.updates=50."),
    Action(
        "launch", "offline", "o", "Offline", "Take text and tokenizer that need no network, or the preset's own again."
    ),
    Action("launch", "view", "v", "View", "Show the names of the planned runs in place of the curves, and back."),
    Action("launch", "reload", "r", "", "Read the preset files again."),
    Action("launch", "go(1)", "right", "", "Go to the next list (tab does it too)."),
    Action("launch", "go(-1)", "left", "", "Go to the list before (shift+tab does it too)."),
    Action("live", "cursor(-1)", "up,k", "", "Move to the run above."),
    Action("live", "cursor(1)", "down,j", "", "Move to the run below."),
    Action("live", "page(-1)", "pageup", "", "Move up by a page of runs."),
    Action("live", "page(1)", "pagedown", "", "Move down by a page of runs."),
    Action("live", "toggle_run", "space", "Chart", "Put the run on the charts or take it off; eight at most."),
    Action("live", "study", "a", "Study", "Chart all runs of its study, eight at most."),
    Action("live", "follow", "f", "Follow", "Follow the newest runs again; pressed twice, show all runs again."),
    Action("live", "chart(1)", "tab", "Next", "Go to the next chart."),
    Action("live", "chart(-1)", "shift+tab", "", "Go to the chart before."),
    Action("live", "maximise", "m,enter", "Zoom", "Give the chart all the space, or bring the others back."),
    Action("live", "log", "l", "Log", "Read the end of the run's log, and why it failed if it did."),
    Action("live", "stop", "s", "Stop", "Stop the run, after a question; a second time kills it."),
)


def actions_of(place: Place) -> Iterator[Action]:
    """The actions of one place, in the order of the table."""
    return (action for action in ACTIONS if action.place == place)


def bindings(place: Place) -> list[BindingType]:
    """Textual's bindings for the actions of one place."""
    return [
        Binding(action.keys, action.id, action.footer or action.help, show=bool(action.footer), tooltip=action.help)
        for action in actions_of(place)
    ]


def key_names(action: Action) -> str:
    """The keys as people write them: `question_mark` is `?`."""
    return " ".join(_KEY_NAMES.get(key, key) for key in action.keys.split(","))


_KEY_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "space": "space",
    "plus": "+",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}
