"""The line at which a key stands in a TOML text, which tomllib does not tell."""

import re
import tomllib

_HEADER = re.compile(r"^\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(#.*)?$")
_ASSIGNMENT = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


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
        tree = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return key
    parts = []
    node: object = tree
    while isinstance(node, dict):
        part, node = next(iter(node.items()))
        parts.append(part)
    return ".".join(parts)
