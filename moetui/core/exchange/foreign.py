"""A run as another program has left it, before it becomes one of the workspace."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Final

import orjson

from engine.runfiles.metrics import Record, encode
from engine.spec.config import RunConfig
from moetui.core.errors import UsageError

_BLOCK = 1 << 13

BY_ROW: Final = "row"
"""The choice of `Choices.x` that counts rows instead of reading a column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user says about a file that does not tell it: the column of updates, the column that tells runs apart."""

    x: str = ""
    run: str = ""


@dataclass(frozen=True, kw_only=True)
class ForeignRun:
    """What one source tells of one run.

    `config` is None unless the source tells all of it; `settings` are the dotted keys that it tells, `facts` whatever else.
    `notes` say what was missing, guessed or could not be used; `columns` under which key each name of theirs is kept. `updates` is
    the planned length, `seconds` the training time. `final` are the scores that the source gives as its last, which may have
    more digits than the curve.
    """

    name: str
    source: Path
    format: str
    records: Sequence[Record]
    config: RunConfig | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    updates: int | None = None
    seconds: float | None = None
    final: Mapping[str, float] = field(default_factory=dict)
    stopped_early: bool = False

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys that any record has."""
        return frozenset(chain.from_iterable(self.records))

    @cached_property
    def id(self) -> str:
        """Follows from what was measured under which name, so that the same run is not imported twice."""
        told = hashlib.sha256(b"[" + _text(self.name) + b",[")
        for start in range(0, len(self.records), _BLOCK):
            told.update(b","[:start] + _text(list(self.records[start : start + _BLOCK]))[1:-1])
        told.update(b"]," + _text(dict(self.settings)) + b"]")
        return "imp-" + told.hexdigest()[:8]


def _text(value: Any) -> bytes:
    told = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    # Perhaps a number that is not finite.
    return orjson.dumps(encode(value), option=orjson.OPT_SORT_KEYS) if b"null" in told else told


_NAMELESS: Final = frozenset(
    {"metrics", "history", "progress", "result", "results", "trainer_state", "log_history", "main"}
)
"""Names of files that programs give them, which tell no run from another."""


def name_of(path: Path) -> str:
    """What to call the run of a file: its name, or the directory's where every run's file is called so."""
    path = path.absolute()
    if path.is_dir() or path.stem.lower() not in _NAMELESS:
        return path.name if path.is_dir() else path.stem
    folder = path.parent
    if folder.name.startswith(("checkpoint-", "version_")) and folder.parent.name:
        folder = folder.parent
    return folder.name or path.stem


def bad_input(path: Path, where: str, fault: str) -> UsageError:
    """The error for a file that cannot be imported: the file, the place in it and the fault."""
    return UsageError(f"{path}: {where + ': ' if where else ''}{fault}; nothing was imported")


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names for a message, the first of many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
