"""What can be copied of runs: as text for the terminal's clipboard and for a file beside it."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import orjson

from engine.runfiles.metrics import encode
from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.settings import default_settings
from moetui.core.user_state import state_file
from moetui.core.wholefile import replace_file
from moetui.tui.widgets.columns import Column

MOST: Final = 74_994
"""Bytes that terminals take by OSC 52: xterm's limit is 100,000 characters of base64, and tmux has no more."""

Copy = Callable[[Sequence[RunRecord], Sequence[Column]], str]


def _ids(runs: Sequence[RunRecord], columns: Sequence[Column]) -> str:
    return " ".join(run.id for run in runs)


def _names(runs: Sequence[RunRecord], columns: Sequence[Column]) -> str:
    return "\n".join(run.name for run in runs)


def _table(runs: Sequence[RunRecord], columns: Sequence[Column]) -> str:
    rows = [[column.title for column in columns], *([column.text(run) for column in columns] for run in runs)]
    return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows)


def _json(runs: Sequence[RunRecord], columns: Sequence[Column]) -> str:
    return orjson.dumps(encode([run.model_dump() for run in runs]), option=orjson.OPT_INDENT_2).decode()


def _settings(runs: Sequence[RunRecord], columns: Sequence[Column]) -> str:
    """The whole configurations as a preset holds them, as far as they are known."""
    return "\n\n".join("\n".join((f"# {run.name} ({run.id})", "[config]", *_assignments(run))) for run in runs)


def _assignments(run: RunRecord) -> list[str]:
    values = {key: run.seed if key == "seed" else run.setting(key) for key in default_settings()}
    return [f"{key} = {orjson.dumps(value).decode()}" for key, value in values.items() if value is not None]


COPIES: Final[Mapping[str, tuple[str, Copy]]] = {
    "ids": ("ids, for the command line", _ids),
    "names": ("names", _names),
    "table": ("the table with its columns, tab-separated", _table),
    "settings": ("configuration, as a preset (TOML)", _settings),
    "json": ("everything the list knows (JSON)", _json),
}
"""What can be copied, by name: what to call it, and how it is made."""


def keep_copy(text: str) -> Path:
    """Write the text to the file that always holds what was copied last, and return its path. Raises `OSError`."""
    path = state_file("copied.txt")
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(replace_file(path, f"{text}\n".encode()))
    return path
