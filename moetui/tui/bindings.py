"""The keys of the actions: for Textual, and as people write them."""

from collections.abc import Mapping
from types import MappingProxyType

from textual.binding import Binding, BindingType

from moetui.tui.actions import Action, Place, actions_of


def bindings(place: Place) -> list[BindingType]:
    """Textual's bindings for the actions of one place; the ids are those that a keymap gives other keys."""
    return [
        Binding(
            action.keys,
            action.id,
            action.footer or action.help,
            show=bool(action.footer),
            tooltip=action.help,
            id=action.full_id,
            priority=action.id == "suspend_process",  # no dialog is in its way
        )
        for action in actions_of(place)
    ]


def key_names(action: Action, keymap: Mapping[str, str] = MappingProxyType({})) -> str:
    """The keys as people write them: `question_mark` is `?`. A keymap has other keys for some actions, by their full ids."""
    return " ".join(_KEY_NAMES.get(key, key) for key in keymap.get(action.full_id, action.keys).split(","))


_KEY_NAMES = {
    "question_mark": "?",
    "exclamation_mark": "!",
    "colon": ":",
    "slash": "/",
    "space": "space",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "comma": ",",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}
