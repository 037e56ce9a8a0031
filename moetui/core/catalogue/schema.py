"""The version of runs.json: older ones are brought up to date when they are read, newer ones are refused and left as they are."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from moetui.core.errors import NewerCatalogueError

Tables = dict[str, dict[str, Any]]

SCHEMA: Final = 2
"""1: one table of runs. 2: the file tells its version."""

TABLE: Final = "moetui"
_KEY: Final = "book"


def _first(tables: Tables) -> Tables:
    """Version 1 told none; its records are those of version 2."""
    return tables


MIGRATIONS: Final[Mapping[int, Callable[[Tables], Tables]]] = {1: _first}
"""What brings a file of a version to the next one."""


def migrated(tables: Tables, path: Path) -> Tables:
    """The tables as this version has them, without the version. Raises `NewerCatalogueError`."""
    version = tables.get(TABLE, {}).get(_KEY, {}).get("schema", 1)
    if not isinstance(version, int) or version > SCHEMA:
        raise NewerCatalogueError(path, f"schema {version}, where this version knows {SCHEMA}")
    tables = {name: table for name, table in tables.items() if name != TABLE}
    for step in range(max(version, 1), SCHEMA):
        tables = MIGRATIONS[step](tables)
    return tables


def marked(tables: Tables) -> Tables:
    """The tables with the version, as they are written."""
    return {**tables, TABLE: {_KEY: {"schema": SCHEMA}}}
