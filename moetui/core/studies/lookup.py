"""What people name when they compare: runs, settings, groups, presets and studies, and the runs that a word stands for."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import NotFoundError, UsageError
from moetui.core.planning.presets import AS_PUBLISHED, Library, Preset
from moetui.core.planning.scale import split_scale
from moetui.core.science.groups import setting_name
from moetui.core.studies.progress import runs_of

Kind = Literal["run", "name", "group", "preset", "study"]

_WAYS: Final[Mapping[Kind, Callable[[RunRecord, str], bool]]] = {
    "run": lambda run, word: run.id == word,
    "name": lambda run, word: word in (run.name, setting_name(run)),
    "group": lambda run, word: run.group == word,
    "preset": lambda run, word: run.preset == word,
    "study": lambda run, word: run.study == word,
}

NO_PRESETS: Final = Library({})


@dataclass(frozen=True, slots=True)
class Item:
    """A word and the runs that it names, by the kind of thing it is."""

    word: str
    kind: Kind
    records: tuple[RunRecord, ...]


def find_item(word: str, records: Sequence[RunRecord], library: Library = NO_PRESETS) -> Item:
    """The item that a word stands for: an id, a name (with or without its seed), a group, a preset or a study.

    Presets and studies mean the runs made here, or the published results where there are none. A word that means the same
    settings in several ways means all their runs, as the wider thing. `preset:NAME` and the like say which is meant. A beginning
    of an id will do if nothing else has that name. Presets that the library does not have are known by their runs alone.
    Raises `NotFoundError`, or `UsageError` for a word of different settings.
    """
    prefix, colon, rest = word.partition(":")
    asked: tuple[Kind, ...] = tuple(kind for kind in _WAYS if colon and kind == prefix)
    name = rest if asked else word
    found = [item for kind in asked or tuple(_WAYS) if (item := _item(name, kind, records, library)).records]
    if len({frozenset(run.group or run.id for run in item.records) for item in found}) > 1:
        ways = " and ".join(f"a {item.kind} ({_count(item)})" for item in found)
        raise UsageError(f"{name} is {ways}; write {' or '.join(f'{item.kind}:{name}' for item in found)}")
    if found:
        return max(reversed(found), key=lambda item: len(item.records))
    if not asked or asked == ("run",):
        beginning = [run for run in records if name and run.id.startswith(name)]
        if len(beginning) > 1:
            ids = ", ".join(run.id for run in beginning[:5])
            raise UsageError(f"{name} fits several runs: {ids}; give more of the id")
        if beginning:
            return Item(name, "run", (beginning[0],))
    if _preset(library, name):
        raise NotFoundError(f"{name} has no runs here and no published results; `moetui study {name}` runs it")
    raise NotFoundError(f"no run, group, preset or study {name!r} has runs{_near(name, records)}")


def _item(word: str, kind: Kind, records: Sequence[RunRecord], library: Library) -> Item:
    found = [run for run in records if word and _WAYS[kind](run, word)]
    if kind not in ("preset", "study"):
        return Item(word, kind, tuple(found))
    preset = _preset(library, word)
    meant = preset is not None and preset.is_study == (kind == "study")
    if meant or not all(run.published for run in found):
        found = list(runs_of(library, word, records, kind=kind)) or found
    if meant and not found:
        reported = _plain_presets(library, word)
        found = [run for run in records if run.published and run.preset.removesuffix(AS_PUBLISHED) in reported]
    return Item(word, kind, tuple(found))


def _preset(library: Library, word: str) -> Preset | None:
    try:
        return library.get(split_scale(word)[0])
    except NotFoundError:
        return None


def _plain_presets(library: Library, word: str) -> set[str]:
    """The presets that a word stands for, without what tells the flawed twin from the corrected one.

    None at a scale that is asked for: documents report on the size that their presets have.
    """
    preset = _preset(library, word)
    if preset is None or preset.name != word:
        return set()
    members = (_plain_presets(library, member) for member in preset.members)
    return {preset.name.removesuffix(AS_PUBLISHED)}.union(*members)


def _count(item: Item) -> str:
    n = len(item.records)
    return f"{n} run{'s' if n != 1 else ''}"


def _near(name: str, records: Sequence[RunRecord]) -> str:
    names = {known for run in records for known in (setting_name(run), run.preset, run.study) if known}
    near = difflib.get_close_matches(name, sorted(names), n=1)
    return f"; did you mean {near[0]}?" if near else "; `moetui ls` lists the runs"
