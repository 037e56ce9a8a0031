"""The keys in which configurations differ, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError, NotFoundError, UsageError
from moetui.core.planning.plan import flat_config, resolve_chain, varied
from moetui.core.planning.settings import default_settings
from moetui.core.runs.lab import Lab
from moetui.core.studies.gather import gather
from moetui.core.studies.lookup import find_item


@dataclass(frozen=True, slots=True)
class Side:
    """One configuration that is compared: its name, its keys and values, and the runs that have it."""

    name: str
    config: Mapping[str, Any]
    run_ids: tuple[str, ...] = ()


def differing(sides: Sequence[Side]) -> dict[str, tuple[Any, ...]]:
    """Every key whose value is not the same on all sides, in the order of definition, with the values by side.

    The seed is one only if every side has one: several runs of one setting have many.
    """
    keys = dict.fromkeys(key for side in sides for key in side.config)
    if any("seed" not in side.config for side in sides):
        keys.pop("seed", None)
    rows = {key: tuple(side.config.get(key) for side in sides) for key in keys}
    return {key: values for key, values in rows.items() if any(value != values[0] for value in values)}


def differing_settings(runs: Sequence[RunRecord]) -> list[str]:
    """The keys, apart from the seed, whose values differ among runs as far as their records tell; in the order of definition."""
    owned = {key for run in runs for key in run.settings or run.point}
    return [key for key in default_settings() if key in owned and _varies(runs, key)]


def _varies(runs: Sequence[RunRecord], key: str) -> bool:
    known = (value for run in runs if (value := run.setting(key)) is not None)
    first = next(known, None)
    return any(value != first for value in known)


def side(lab: Lab, word: str) -> Side:
    """The configuration that a word stands for: of a run, of the runs of one setting, or of a preset.

    A preset that nothing ran yet, or `preset:NAME`, stands for its file; the keys of its grid then have all their values.
    Raises `NotFoundError`, and `UsageError` for a word that means several settings.
    """
    try:
        item = find_item(word, lab.records(), lab.library())
    except NotFoundError:
        return _preset_side(lab, word.removeprefix("preset:"))
    unrun = all(record.published for record in item.records)
    if item.kind == "preset" and (unrun or word.startswith("preset:")):
        return _preset_side(lab, item.word)
    known = {run.record.group or run.record.id: run for run in gather(lab, item.records)}
    if len(known) > 1:
        names = ", ".join(sorted({run.record.name for run in known.values()})[:4])
        raise UsageError(f"{word} has {len(known)} settings, such as {names}; name one of them")
    (run,) = known.values()
    if run.config is None:
        raise LabError(f"{run.record.id} {run.record.name}: its configuration is not known")
    flat = flat_config(run.config)
    if len(item.records) > 1:
        flat.pop("seed")
    return Side(word, flat, tuple(record.id for record in item.records))


def _preset_side(lab: Lab, name: str) -> Side:
    chain = lab.library().chain(name)
    if chain[-1].members:
        raise UsageError(f"{name} is a study of {len(chain[-1].members)} presets; name one of them")
    config = flat_config(resolve_chain(chain, {}))
    grid = {key: f"[{', '.join(map(str, values))}]" for key, values in varied(chain).items()}
    return Side(name, config | grid)
