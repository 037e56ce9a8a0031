"""Settings as people type them, and what there is to know about the key that is being typed."""

import difflib
import functools
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from rich.text import Text

from engine.config import FieldInfo, describe
from moetui.core.errors import UsageError
from moetui.core.plan import check_keys
from moetui.core.settings import merge, parse_value

LINE = 72
"""Cells of a line that stands for a key among others."""


@functools.cache
def fields() -> tuple[FieldInfo, ...]:
    """Every key of a configuration."""
    return tuple(describe())


def parse_settings(text: str) -> dict[str, Any]:
    """`training.updates=50 schedule.kind=linear` as keys and values; a key without a value gives None, to remove it.

    Raises `UsageError` for what is no assignment and for unknown keys, naming the nearest one.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise UsageError("a quotation mark is not closed") from None
    settings: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{word}: write key=value, such as training.updates=50")
        settings[key] = parse_value(value) if value else None
    check_keys("setting", settings)
    return settings


def changed_by(settings: Mapping[str, Any], text: str) -> dict[str, Any]:
    """These settings with those of a typed line over them; `key=` removes one. Raises `UsageError`."""
    typed = parse_settings(text)
    given = merge(settings, {key: value for key, value in typed.items() if value is not None})
    return {key: value for key, value in given.items() if typed.get(key, value) is not None}


def setting_text(key: str, value: Any) -> str:
    """A setting as it would be typed."""
    shown = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"{key}={shlex.quote(shown) if isinstance(value, str) or ' ' in shown else shown}"


def settings_line(settings: Mapping[str, Any]) -> str:
    """All settings in one line."""
    return " ".join(setting_text(key, value) for key, value in settings.items())


def key_being_typed(text: str) -> str:
    """The key of the last word of the line."""
    return "" if not text or text[-1].isspace() else text.split()[-1].partition("=")[0]


def matches(fragment: str, most: int) -> list[FieldInfo]:
    """The keys that fit what was typed so far: those that begin with it or whose last part does, that contain it, that are near."""
    if not fragment:
        return []
    begin = [f for f in fields() if f.key.startswith(fragment) or f.key.rpartition(".")[2].startswith(fragment)]
    inside = [f for f in fields() if fragment in f.key and f not in begin]
    found = begin + inside
    if not found:
        near = difflib.get_close_matches(fragment, [f.key for f in fields()], n=most, cutoff=0.5)
        found = [f for key in near for f in fields() if f.key == key]
    return sorted(found, key=lambda f: f.key != fragment)[:most]


def completed(text: str) -> str:
    """The line with the key being typed replaced by the first that fits, ready for its value; itself if none fits."""
    fragment = key_being_typed(text)
    found = matches(fragment, 1)
    if not found or "=" in text.split()[-1]:
        return text
    return f"{text[: len(text) - len(fragment)]}{found[0].key}="


def explanation(text: str, present: Mapping[str, Any], most: int) -> Text:
    """What fits the key being typed: one key in full if it is whole or the only one, else a line for each."""
    fragment = key_being_typed(text)
    found = matches(fragment, most)
    if found and (len(found) == 1 or found[0].key == fragment):
        return _in_full(found[0], present)
    if not found:
        hint = "No key is like this." if fragment else "Type a key, such as training.updates; tab completes it."
        return Text(hint, style="dim")
    return Text("\n").join(_in_short(found, present))


def _in_short(found: Sequence[FieldInfo], present: Mapping[str, Any]) -> list[Text]:
    width = max(len(info.key) for info in found)
    lines = []
    for info in found:
        line = Text(f"{info.key:<{width}}", style="bold", no_wrap=True, overflow="ellipsis")
        line.append(f"  {_shown(info, present)}  {info.description}", style="not bold dim")
        line.truncate(LINE, overflow="ellipsis")
        lines.append(line)
    return lines


def _in_full(info: FieldInfo, present: Mapping[str, Any]) -> Text:
    allowed = " | ".join(info.choices) or " ".join(part for part in (info.type, info.bounds, info.unit) if part)
    text = Text(info.key, style="bold")
    text.append(f" = {_shown(info, present)}", style="not bold")
    text.append(f"   {allowed}", style="not bold dim")
    return text.append(f"\n{info.description}", style="not bold")


def _shown(info: FieldInfo, present: Mapping[str, Any]) -> str:
    value = present.get(info.key, info.default)
    if value is None:
        return "none"
    return value if isinstance(value, str) and value else orjson.dumps(value).decode()
