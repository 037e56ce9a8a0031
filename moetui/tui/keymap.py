"""The user's own keys: checks what the settings say and turns it into the keymap that Textual, help and palette take."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from textual.keys import Keys, _character_to_key

from moetui.core.preferences import KeyChoice, nearest
from moetui.tui.actions import ACTIONS, Action, Place

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
    """Keys that two actions have where somebody is, those of everywhere included: one of the two is out of reach.

    A key that both have without anybody's choice, such as `q` in the log, is meant to be that of the place.
    """
    actions = {action.full_id: action for action in ACTIONS}
    holders: dict[str, list[Action]] = defaultdict(list)
    for action in ACTIONS:
        for key in keys.get(action.full_id, action.keys).split(","):
            holders[key].append(action)
    for choice in choices:
        chosen = actions[f"{choice.place}.{choice.action}"]
        for key in keys[chosen.full_id].split(","):
            other = next((holder for holder in holders[key] if _meet(chosen, holder, key)), None)
            if other:
                name = other.id if other.place == chosen.place else other.full_id
                yield f"{choice.where}: {key} is the key of {name} as well; give that another one"


def _meet(one: Action, other: Action, key: str) -> bool:
    """Whether a key of two actions is one too many: there is a place that has both, and one of them got the key by choice."""
    if one is other or (one.place != other.place and "everywhere" not in (one.place, other.place)):
        return False
    return not all(key in action.keys.split(",") for action in (one, other))
