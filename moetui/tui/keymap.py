"""The user's own keys: checks what the settings say and turns it into the keymap that Textual, help and palette take."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from textual.keys import Keys, _character_to_key

from moetui.core.preferences import KeyChoice, nearest
from moetui.tui.actions import ACTIONS, Place

MODIFIERS = ("ctrl+", "alt+", "shift+")
NAMED = frozenset(str(key.value) for key in Keys) | {
    _character_to_key(chr(code)) for code in range(33, 127) if not chr(code).isalnum()
}


@dataclass(frozen=True, slots=True)
class Keymap:
    """Keys by the full ids of actions, comma-separated in Textual's names, and what is wrong with the settings."""

    keys: Mapping[str, str]
    faults: tuple[str, ...]


def keymap_of(choices: Sequence[KeyChoice]) -> Keymap:
    """The keymap of the choices that can be taken; each other one is a fault that says where it stands."""
    keys: dict[str, str] = {}
    faults: list[str] = []
    taken: list[KeyChoice] = []
    for choice in choices:
        if fault := _fault(choice):
            faults.append(f"{choice.where}: {fault}")
            continue
        keys[f"{choice.place}.{choice.action}"] = ",".join(_key(key) or key for key in choice.keys)
        taken.append(choice)
    faults += _clashes(taken, keys)
    return Keymap(keys, tuple(faults))


def _fault(choice: KeyChoice) -> str:
    places = get_args(Place)
    if choice.place not in places:
        return f"no such place: {choice.place}{nearest(choice.place, places)}"
    actions = [action.id for action in ACTIONS if action.place == choice.place]
    if choice.action not in actions:
        return f"no such action: {choice.action}{nearest(choice.action, actions)}"
    for key in choice.keys:
        if _key(key) is None:
            return f"no such key: {key}{nearest(key.rpartition('+')[2] or key, sorted(NAMED))}"
    return ""


def _key(name: str) -> str | None:
    """Textual's name of a key, None if there is no such key: `?` is `question_mark`, letters and digits stand for themselves."""
    bare = name
    for modifier in MODIFIERS:
        bare = bare.removeprefix(modifier)
    if len(bare) == 1 and bare.isprintable():
        return name[: len(name) - 1] + _character_to_key(bare)
    return name if name in NAMED or bare in NAMED else None


def _clashes(choices: Sequence[KeyChoice], keys: Mapping[str, str]) -> Iterator[str]:
    """Keys that one place has for two actions: the newly chosen one wins, and the other is out of reach."""
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for action in ACTIONS:
        for key in keys.get(action.full_id, action.keys).split(","):
            holders[action.place, key].append(action.id)
    for choice in choices:
        for key in keys[f"{choice.place}.{choice.action}"].split(","):
            others = [action for action in holders[choice.place, key] if action != choice.action]
            if others:
                yield f"{choice.where}: {key} is the key of {others[0]} as well; give that another one"
