"""Trees of settings: dotted keys, merging of layers, and values typed on a command line."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from engine.spec.config import ALTERNATIVES, RunConfig, describe
from moetui.core.errors import UsageError
from moetui.core.toml_lines import TomlFault, read_toml

Tree = dict[str, Any]

LONGEST = 4000
"""Characters of a value that is typed on a command line."""


@functools.cache
def known_keys() -> frozenset[str]:
    """Every dotted key of the run configuration."""
    return frozenset(info.key for info in describe())


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a nested tree with its dotted key."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@functools.cache
def default_settings() -> Mapping[str, Any]:
    """Every dotted key with its default, as a file holds it."""
    return dict(flatten(RunConfig().model_dump(mode="json")))


def own_settings(config: RunConfig) -> Tree:
    """The dotted keys of a configuration, apart from the seed, that differ from the defaults."""
    return dict(flatten(config.model_dump(mode="json", exclude={"seed"}, exclude_defaults=True)))


@functools.cache
def _numbers() -> frozenset[str]:
    """The keys whose values are numbers with a fraction."""
    return frozenset(info.key for info in describe() if info.type == "number")


def own_of(settings: Mapping[str, Any]) -> Tree | None:
    """`own_settings` of dotted keys, without the time that it takes to check their values; None if there is no such key."""
    defaults = default_settings()
    own: Tree = {}
    for key, value in settings.items():
        if key not in defaults:
            return None
        exact = float(value) if isinstance(value, int) and key in _numbers() else value
        if key != "seed" and exact != defaults[key]:
            own[key] = exact
    return own


def nest(flat: Mapping[str, Any]) -> Tree:
    """The nested tree of a mapping of dotted keys. Raises `UsageError` for a section that has a value besides its keys."""
    tree: Tree = {}
    for key, value in flat.items():
        *sections, leaf = key.split(".")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
            if not isinstance(node, dict):
                raise UsageError(f"{key}: {section} has a value of its own; give its keys one by one")
        node[leaf] = value
    return tree


def merge(*layers: Mapping[str, Any]) -> Tree:
    """Merge flat layers of dotted keys, later ones winning; a key drops the alternative that an earlier layer gave."""
    merged: Tree = {}
    for layer in layers:
        for key, value in layer.items():
            other = ALTERNATIVES.get(key)
            if other and other not in layer:
                merged.pop(other, None)
            merged[key] = value
    return merged


def parse_value(text: str) -> Any:
    """A value as TOML would read it (0.05, true, [1, 2], "text"), or else the text itself, which must not be overlong."""
    if len(text) > LONGEST:
        raise UsageError(f"{text[:20]}…: a value of {len(text)} characters; {LONGEST} are enough for any")
    try:
        return read_toml(f"value = {text}")["value"]
    except (TomlFault, KeyError):
        return text


def parse_assignment(text: str) -> tuple[str, Any]:
    """The key and value of `key=value`. Raises `UsageError`."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {text[:80]}: write key=value, such as optimizer.lr=0.05")
    return key.strip(), parse_value(value.strip())
