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
}
