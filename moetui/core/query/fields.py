"""Everything that can be asked of a run by a name: what a filter compares, a list sorts and groups by, and a column shows.

lr, val_loss, best_loss, created, status, tag …   facts of the record
schedule.warmup, or just warmup                   any key of the configuration, in full or by its last part if that is unique
"""

import difflib
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from moetui.core import format as words
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import UsageError
from moetui.core.planning.settings import default_settings
from moetui.core.science.measure import accuracy_per_minute

Value = float | str | None
Kind = Literal["number", "count", "loss", "fraction", "duration", "moment", "text", "setting"]

_WRITE: Final[Mapping[Kind, Callable[[float | None], str]]] = {
    "number": words.number,
    "count": words.count,
    "loss": words.loss,
    "fraction": words.percent,
    "duration": words.duration,
    "moment": words.moment,
    "setting": lambda value: f"{value:g}" if value is not None and abs(value) < 1e15 else str(value),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to know of a run. `read` gives a number or a text, None for what the run does not know.

    `better` tells which end is the better one. A `text` of several words, such as the tags, can be asked word by word.
    """

    key: str
    title: str
    kind: Kind
    read: Callable[[RunRecord], Value]
    better: Literal["low", "high", ""] = ""

    def write(self, run: RunRecord) -> str:
        """The value as people read it; what a run does not know is blank: a column of dashes only disturbs."""
        return self.written(self.read(run))

    def written(self, value: Value) -> str:
        """A value of this field as people read it."""
        if value is None:
            return ""
        return value if isinstance(value, str) else _WRITE[self.kind](value)


def _elapsed(run: RunRecord) -> float | None:
    """Training time, or else the time between start and end."""
    if run.final is not None and run.final.seconds is not None:
        return run.final.seconds
    return run.ended - run.started if run.ended and run.started else None


_FACTS: Final = (
    Field("name", "name", "text", lambda run: run.name),
    Field("id", "id", "text", lambda run: run.id),
    Field("status", "status", "text", lambda run: run.status),
    Field("reason", "reason", "text", lambda run: run.reason or None),
    Field("preset", "preset", "text", lambda run: run.preset or None),
    Field("study", "study", "text", lambda run: run.study or None),
    Field("group", "group", "text", lambda run: run.group or None),
    Field("tag", "tags", "text", lambda run: " ".join(run.tags) or None),
    Field("note", "note", "text", lambda run: run.note or None),
    Field("device", "device", "text", lambda run: run.device or None),
    Field("backend", "backend", "text", lambda run: run.backend or None),
    Field("source", "source", "text", lambda run: run.source or None),
    Field("parent", "parent", "text", lambda run: run.parent or None),
    Field("data", "data", "text", lambda run: run.data_fingerprint or None),
    Field("seed", "seed", "number", lambda run: run.seed),
    Field("lr", "LR", "number", lambda run: run.lr),
    Field("update", "update", "number", lambda run: run.update),
    Field("updates", "updates", "number", lambda run: run.updates),
    Field("val_loss", "val loss", "loss", lambda run: run.final.val_loss if run.final else None, "low"),
    Field("val_accuracy", "accuracy", "fraction", lambda run: run.final.val_accuracy if run.final else None, "high"),
    Field("val_perplexity", "perpl.", "number", lambda run: run.final.val_perplexity if run.final else None, "low"),
    Field("best_loss", "best loss", "loss", lambda run: run.best.val_loss if run.best else None, "low"),
    Field("best_accuracy", "best acc.", "fraction", lambda run: run.best.val_accuracy if run.best else None, "high"),
    Field("best_update", "best at", "number", lambda run: run.best.update if run.best else None),
    Field("seconds", "time", "duration", _elapsed),
    Field("accuracy_per_minute", "acc./min", "number", lambda run: accuracy_per_minute(run.final), "high"),
    Field("created", "created", "moment", lambda run: run.created or None),
    Field("started", "started", "moment", lambda run: run.started),
    Field("ended", "ended", "moment", lambda run: run.ended),
    Field("retried", "retried", "number", lambda run: run.retried or 0),
    Field("tokens_per_second", "tok/s", "count", lambda run: run.tokens_per_second),
    Field("peak_memory", "memory", "count", lambda run: run.peak_memory),
    Field(
        "tokens", "tokens", "count", lambda run: run.update * run.tokens_per_update if run.tokens_per_update else None
    ),
    Field("parameters", "params", "count", lambda run: run.parameters),
    Field("active_parameters", "active", "count", lambda run: run.active_parameters),
)

FACTS: Final[Mapping[str, Field]] = {field.key: field for field in _FACTS}
"""The facts of the record by name."""


@functools.cache
def field(name: str) -> Field:
    """The field of a name. Raises `UsageError` for a name that there is not, with the nearest, or that means several keys."""
    if name in FACTS:
        return FACTS[name]
    keys = [key for key in default_settings() if key == name] or [
        key for key in default_settings() if key.endswith(f".{name}")
    ]
    if len(keys) > 1:
        raise UsageError(f"{name} is {' and '.join(keys)}; write one of them")
    if keys:
        return Field(keys[0], keys[0].rpartition(".")[2], "setting", functools.partial(_read_setting, key=keys[0]))
    near = difflib.get_close_matches(name, field_names(), n=1)
    raise UsageError(f"no key {name}; " + (f"did you mean {near[0]}?" if near else "`moetui explain` lists the keys"))


@functools.cache
def field_names() -> tuple[str, ...]:
    """Every name that `field` knows: facts, keys of the configuration, and their last parts."""
    keys = [key for key in default_settings() if key not in FACTS]
    return tuple(dict.fromkeys((*FACTS, *keys, *(key.rpartition(".")[2] for key in keys))))


def _read_setting(run: RunRecord, key: str) -> Value:
    value = run.setting(key)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)
