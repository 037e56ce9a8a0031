"""SQLite files of others, read as they are and never changed."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from moetui.core.exchange.foreign import bad_input
from moetui.core.exchange.format import Look

_MAGIC: Final = b"SQLite format 3\0"

Rows = list[tuple[Any, ...]]


def columns_of(look: Look, table: str) -> set[str]:
    """The columns of a table; none where the file is no SQLite or has no such table."""
    if not look.raw.startswith(_MAGIC):
        return set()
    try:
        with closing(_opened(look.path)) as base:
            return set(columns(base, table))
    except (sqlite3.Error, ValueError):  # names may be no text
        return set()


def columns(base: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table in their order. Raises `sqlite3.Error`."""
    return [str(row[1]) for row in base.execute("SELECT * FROM pragma_table_info(?)", (table,))]


@contextmanager
def asked(path: Path) -> Iterator[sqlite3.Connection]:
    """The database of a file. What SQLite finds wrong with it becomes a `UsageError`."""
    try:
        with closing(_opened(path)) as base:
            yield base
    except (sqlite3.Error, ValueError, OverflowError) as error:
        raise bad_input(path, "", f"cannot be read as SQLite ({' '.join(str(error).split())[:100]})") from None


def _opened(path: Path) -> sqlite3.Connection:
    # Its write-ahead log, if there is one, is read too, which a file that is said to be immutable would not allow.
    base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
    base.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return base


def json_object(raw: Any) -> dict[str, Any]:
    """The JSON object of a cell. Raises `ValueError` or `RecursionError`."""
    tree = json.loads(raw) if isinstance(raw, str | bytes) else raw
    if not isinstance(tree, dict):
        raise ValueError("no object")  # noqa: TRY004  # it is the content of a file that is wrong
    return tree
