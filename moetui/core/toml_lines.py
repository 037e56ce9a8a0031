"""TOML texts: their values within limits, where a key stands, which tomllib does not tell, and how to set one key."""

import re
import tomllib
from typing import Any

_HEADER = re.compile(r"^\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(#.*)?$")
_ASSIGNMENT = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


DEEPEST = 32
"""Levels of tables and lists in a file; presets need four."""


class TomlFault(ValueError):  # noqa: N818  # reads as what it is where it is raised
    """A text that is no TOML, or that holds what no program can keep; one line."""


def read_toml(text: str) -> dict[str, Any]:
    """The tree of a TOML text. Raises `TomlFault`, also for integers beyond 64 bits and for what is nested too deeply."""
    try:
        tree = tomllib.loads(text)
    except RecursionError:
        raise TomlFault("nested too deeply") from None
    except ValueError as error:  # tomllib's own, or an integer of too many digits
        raise TomlFault(" ".join(str(error).split())) from None
    level: list[Any] = [tree]
    for _ in range(DEEPEST):
        if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in level):
            raise TomlFault("an integer beyond 64 bits")
        level = [
            item
            for value in level
            if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
    if level:
        raise TomlFault("nested too deeply")
    return tree


def line_of(text: str, table: str, key: str) -> int | None:
    """Line, from 1, of the dotted `key` of `table` (of the header itself if `key` is empty); None if it is not found.

    Dotted keys, quoted keys and sub-tables are all understood: `a.b = 1`, `"a.b" = 1` and `[table.a]` with `b = 1`.
    """
    wanted = f"{table}.{key}".strip(".")
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            current = _dotted(header[1])
            if current == wanted:
                return number
        elif assignment := _ASSIGNMENT.match(line):
            here = f"{current}.{_dotted(assignment[1])}".strip(".")
            if here == wanted or wanted.startswith(f"{here}."):  # the latter: inside an inline table
                return number
    return None


def _dotted(key: str) -> str:
    """A TOML key without quotes, its parts joined by dots."""
    try:
        tree = read_toml(f"{key} = 0")
    except TomlFault:
        return key
    parts = []
    node: object = tree
    while isinstance(node, dict):
        part, node = next(iter(node.items()))
        parts.append(part)
    return ".".join(parts)


def set_top_level(text: str, key: str, value: bool | str) -> str:
    """The text with `key = value` in front of its first table, in the place of the line that had the key, if one had."""
    line = f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {str(value).lower()}"
    lines = text.splitlines()
    number = line_of(text, "", key)
    if number is not None:
        lines[number - 1] = line
    else:
        first_table = next((index for index, one in enumerate(lines) if _HEADER.match(one)), len(lines))
        while first_table and not lines[first_table - 1].strip():
            first_table -= 1
        lines.insert(first_table, line)
    return "\n".join(lines) + "\n"


def set_in_table(text: str, table: str, key: str, value: str | None) -> str:
    """The text with `key = value` in a table of its own header, in the place of the line that had the key; None removes that line.

    `value` is written as it stands. Keys of other forms, such as dotted ones, are left as they are: compare what is read back.
    """
    lines = text.splitlines()
    header = line_of(text, table, "")
    if (number := line_of(text, table, key)) is not None:
        lines[number - 1 : number] = [] if value is None else [f"{_key(key)} = {value}"]
    elif value is not None and header is not None:
        end = next((place for place in range(header, len(lines)) if _HEADER.match(lines[place])), len(lines))
        while not lines[end - 1].strip():
            end -= 1
        lines.insert(end, f"{_key(key)} = {value}")
    elif value is not None:
        lines += [*([""] if lines else []), f"[{table}]", f"{_key(key)} = {value}"]
    return "\n".join(lines) + "\n" if lines else ""


def _key(key: str) -> str:
    """A key as it is written: in quotes if dots stand in it."""
    return key if re.fullmatch(r"[\w-]+", key, re.ASCII) else f'"{key}"'
