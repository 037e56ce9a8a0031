"""Planned runs as preset files of the user's own: readable TOML with a comment on every key, to be edited by hand."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from engine.spec.config import ALTERNATIVES, FieldInfo, describe
from moetui.core.errors import LabError, UsageError
from moetui.core.planning.plan import PlannedRun, flat_config, resolve_chain, short_key, varied
from moetui.core.planning.presets import Library
from moetui.core.planning.scale import base_at, split_scale
from moetui.core.wholefile import replace_file

Flat = Mapping[str, Any]

_NAME: Final = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")
_LABEL: Final = 40
"""Characters of a file name that says what a member of a study varies; beyond it members are numbered."""


def preset_path(folder: Path, library: Library, name: str) -> Path:
    """The file of a user's preset. Raises `UsageError` for a name that no file can have or that another file has."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a preset: letters, digits, - _ . and / for folders, such as mine/short"
        )
    path = folder / f"{name}.toml"
    taken = next((preset.path for preset in library if preset.name == name and preset.path != path), None)
    if taken is not None:
        raise UsageError(f"the name {name!r} is taken by {taken}; choose another")
    return path


def save(folder: Path, library: Library, runs: Sequence[PlannedRun], name: str, *, replace: bool = False) -> Path:
    """Write a preset that stands for these runs, and for a study of several settings its members in a folder beside it.

    Raises `UsageError` for a bad name or a file that is there already, unless it is to be replaced; `LabError` for a disk that
    does not take it.
    """
    files = {preset_path(folder, library, member): text for member, text in preset_texts(library, runs, name).items()}
    for path in files:
        if path.exists() and not replace:
            raise UsageError(f"{path} is there already")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(replace_file(path, text.encode()))
    except OSError as error:
        raise LabError(f"{error.filename or folder}: {error.strerror}; the preset was not saved") from None
    return preset_path(folder, library, name)


def preset_texts(library: Library, runs: Sequence[PlannedRun], name: str) -> dict[str, str]:
    """The TOML text of each preset that these runs take, by name: one, or a study and its members.

    One file holds one grid. Runs that are not all combinations of some values become one member for each setting of the rest.
    """
    flats = [flat_config(run.config) for run in runs]
    origin = runs[0].study or runs[0].preset
    varying = [key for key in flats[0] if len(set(_values(flats, key))) > 1]
    for along in (varying, [key for key in varying if key in ("optimizer.lr", "seed")], [], None):
        apart = [key for key in varying if along is not None and key not in along]
        parts = _parted(flats, apart) if along is not None else [[place] for place in range(len(flats))]
        if all(_is_grid([flats[place] for place in part]) for part in parts):
            break
    if len(parts) == 1:
        return {name: _text(library, runs, flats, name, f"Saved from {origin}")}
    labels = [_label(flats[part[0]], apart) for part in parts]
    if len(set(labels)) < len(labels) or max(map(len, labels)) > _LABEL:
        labels = [str(number) for number in range(1, len(parts) + 1)]
    members = {
        f"{name}/{label}": _text(
            library, [runs[p] for p in part], [flats[p] for p in part], f"{name}/{label}", f"{name}: {label}"
        )
        for part, label in zip(parts, labels, strict=True)
    }
    head = _head(name, f"Saved from {origin}", "")
    return {name: "\n".join([*head, f"members = {_toml(list(members))}", ""]), **members}


def _parted(flats: Sequence[Flat], apart: Sequence[str]) -> list[list[int]]:
    """The places of the configurations, those together that are the same in the keys `apart`."""
    parts: dict[tuple[bytes, ...], list[int]] = {}
    for place, flat in enumerate(flats):
        parts.setdefault(tuple(orjson.dumps(flat[key]) for key in apart), []).append(place)
    return list(parts.values())


def _values(flats: Sequence[Flat], key: str) -> dict[bytes, Any]:
    return {orjson.dumps(flat[key]): flat[key] for flat in flats}


def _grid(flats: Sequence[Flat]) -> dict[str, list[Any]]:
    return {key: list(values.values()) for key in flats[0] if len(values := _values(flats, key)) > 1}


def _is_grid(flats: Sequence[Flat]) -> bool:
    """Whether these are all combinations of the values that they have, none of which is missing (TOML knows no null)."""
    count = 1
    for values in _grid(flats).values():
        if None in values:
            return False
        count *= len(values)
    return count == len(flats)


def _label(flat: Flat, apart: Sequence[str]) -> str:
    words = (f"{short_key(key)}-{flat[key]}" for key in apart)
    return re.sub(r"[^\w.-]+", "-", "-".join(words)).strip("-.") or "1"


def _text(library: Library, runs: Sequence[PlannedRun], flats: Sequence[Flat], name: str, title: str) -> str:
    grid = _grid(flats)
    extends, config = _over(library, runs[0].preset, flats[0], grid)
    lines = _head(name, title, extends)
    for table, entries in (("config", config), ("grid", grid)):
        if entries:
            lines += ["", f"[{table}]"]
            for key, value in entries.items():
                lines += [f"# {_comment(key)}", f"{key} = {_toml(value)}"]
    return "\n".join([*lines, ""])


def _head(name: str, title: str, extends: str) -> list[str]:
    lines = [
        "# A preset of your own. `moetui explain KEY` tells what a key means, `moetui presets NAME` what becomes of this file.",
        "",
        "[preset]",
        f"name = {_toml(name)}",
        f"title = {_toml(title)}",
    ]
    return [*lines, f"extends = {_toml(extends)}"] if extends else lines


def _over(library: Library, preset: str, flat: Flat, grid: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The nearest preset to extend, and the keys in which the configuration differs from it, apart from those of the grid."""
    for candidate in _candidates(library, preset):
        chain = library.chain(candidate) if candidate else []
        if not varied(chain).keys() <= grid.keys():
            continue  # what it varies would be varied here as well
        try:
            base = flat_config(resolve_chain(chain, {}))
        except UsageError:
            continue
        config = _expressible(
            {key: value for key, value in flat.items() if key not in grid and value != base[key]}, flat
        )
        if None not in config.values():
            return candidate, config
    raise AssertionError("the defaults of a configuration differ from it by keys that have a value")


def _candidates(library: Library, preset: str) -> Iterator[str]:
    plain, scale = split_scale(preset)
    chain = library.chain(base_at(library, scale) if scale else plain)
    yield from (layer.name for layer in reversed(chain))
    yield ""


def _expressible(config: Mapping[str, Any], flat: Flat) -> dict[str, Any]:
    """Of two keys that say the same thing the one with a value."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        other = ALTERNATIVES.get(key)
        if other is None:
            found[key] = value
        elif value is None or flat[other] is None:
            named = other if value is None else key
            found[named] = flat[named]
        elif key == "schedule.warmup_updates":  # given besides the default of the other
            found[key] = value
    return found


def _comment(key: str) -> str:
    info: FieldInfo = next(info for info in describe() if info.key == key)
    facts = [" | ".join(info.choices), info.bounds, info.unit]
    more = ", ".join(fact for fact in facts if fact)
    return f"{info.description} ({more})" if more else info.description


def _toml(value: Any) -> str:
    """A value in TOML; its strings are those of JSON."""
    if isinstance(value, bool | str):
        return orjson.dumps(value).decode().replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value)
