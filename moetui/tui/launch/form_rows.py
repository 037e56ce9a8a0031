"""The rows of the form: every key of the configuration under its section, with its value in the plan and what was changed."""

import functools
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.text import Text

from engine.spec.config import FieldInfo, describe
from moetui.tui.launch.desk import Edits

Change = Literal["", "set", "grid"]

MARKS: Mapping[Change, str] = {"": " ", "set": "*", "grid": "#"}
NAME, VALUE = 24, 18
"""Cells for the last part of a key and for its value."""


_RANK: Mapping[str, int] = {"schedule": 0, "optimizer": 1}


@functools.cache
def fields() -> tuple[FieldInfo, ...]:
    """Every key of a configuration: those that one comes for first, the others in the order of definition."""
    return tuple(sorted(describe(), key=lambda info: _RANK.get(info.key.partition(".")[0], len(_RANK))))


@dataclass(frozen=True, slots=True)
class FormRow:
    """One key, or the heading of a section where there is no `info`."""

    section: str
    info: FieldInfo | None = None
    value: str = ""
    change: Change = ""

    @property
    def key(self) -> str:
        """The dotted key; empty for a heading."""
        return self.info.key if self.info else ""


def form_rows(
    edits: Edits,
    present: Mapping[str, Any],
    varied: Mapping[str, Sequence[Any]],
    query: str = "",
    *,
    changed: bool = False,
) -> list[FormRow]:
    """Headings and keys that match all words of the query in key or description; only those changed by hand if `changed`.

    Keys of that very name come first, then those that have the words in their name, then those that have them in their description.

    `present` are the values in the plan, `varied` those of keys that differ between its runs.
    """
    words = query.lower().split()
    rows: list[FormRow] = []
    for info in sorted(fields(), key=lambda info: _distance(info, words)):
        if changed and info.key not in edits.keys:
            continue
        if not all(word in f"{info.key} {info.description}".lower() for word in words):
            continue
        section = info.key.rpartition(".")[0] or "run"
        if not rows or rows[-1].section != section:
            rows.append(FormRow(section))
        change: Change = "grid" if info.key in edits.axes else "set" if info.key in edits.settings else ""
        value = axis_text(varied[info.key]) if info.key in varied else value_text(present.get(info.key, info.default))
        rows.append(FormRow(section, info, value, change))
    return rows


def _distance(info: FieldInfo, words: Sequence[str]) -> int:
    """How far a key is from the words of a search; all are equally near without one."""
    query, key = " ".join(words), info.key.lower()
    if not words or query in (key, key.rpartition(".")[2]):
        return 0
    return 1 if all(word in key for word in words) else 2


def value_text(value: Any, *, exact: bool = False) -> str:
    """A value as it is shown, or to the last digit as it can be typed."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        shown = f"{value:.6g}"
        return repr(value) if exact and float(shown) != value else shown
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def axis_text(values: Sequence[Any], *, exact: bool = False) -> str:
    """The values of a key that is varied, as they are shown, or to the last digit as they can be typed."""
    if any(isinstance(value, list | tuple) for value in values):
        return json.dumps(list(values), ensure_ascii=False)
    return " ".join(
        shlex.quote(value) if isinstance(value, str) else value_text(value, exact=exact) for value in values
    )


def edits_line(settings: Mapping[str, Any], axes: Mapping[str, Sequence[Any]]) -> str:
    """All that was changed, in one line."""
    parts = [f"{key}={value_text(value)}" for key, value in settings.items()]
    return " ".join([*parts, *(f"{key}=[{axis_text(values)}]" for key, values in axes.items())])


def row_line(row: FormRow, width: int, *, here: bool) -> Text:
    """One row as a line of `width` cells: mark, name, value, and what the key takes as far as there is room."""
    if row.info is None:
        line = Text(row.section, style="bold", no_wrap=True)
    else:
        name = row.key.rpartition(".")[2]
        line = Text(f" {MARKS[row.change]} {name:<{NAME}} ", no_wrap=True)
        value = Text(row.value or "(empty)", style="bold" if row.change else "" if row.value else "dim")
        value.truncate(VALUE, overflow="ellipsis", pad=True)
        line.append_text(value)
        facts = takes(row.info)
        line.append(f" {facts}" if width < 110 else f" {facts:<34} {row.info.description}", style="dim")
        if here:
            line.stylize("reverse")
    line.truncate(width, overflow="ellipsis", pad=True)
    return line


def takes(info: FieldInfo) -> str:
    """Type, bounds and unit of a key, or its choices."""
    return " | ".join(info.choices) or " ".join(part for part in (info.type, info.bounds, info.unit) if part)


def detail(row: FormRow, preset: Mapping[str, Any]) -> Text:
    """What there is to know of a row; `preset` are the values without what was changed by hand."""
    if row.info is None:
        return Text("A section: ↓ goes to its keys.", style="dim")
    info = row.info
    text = Text(info.key, style="bold")
    text.append(f" = {row.value}" if row.value else " is empty", style="not bold")
    text.append(f"   {takes(info)}\n", style="not bold dim")
    text.append(f"{info.description}\n", style="not bold")
    own = value_text(preset.get(info.key, info.default))
    if row.change == "grid":
        text.append(f"# varied: {row.value} (preset: {own}; x resets)", style="not bold")
    elif row.change == "set":
        text.append(f"* changed from {own} (x resets)", style="not bold")
    else:
        text.append(f"as the preset has it; default {value_text(info.default)}", style="not bold dim")
    return text
