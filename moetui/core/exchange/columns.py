"""Names of measurements here and elsewhere, and records as flat rows of numbers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from engine.runfiles.metrics import Record

KNOWN: Final = (
    "update",
    "tokens",
    "seconds",
    "session",
    "train_loss",
    "train_accuracy",
    "val_loss",
    "val_accuracy",
    "val_perplexity",
    "lr",
    "adamw_lr",
    "grad_norm",
    "clipped",
    "tokens_per_second",
    "data_wait",
    "mfu",
    "peak_memory",
    "eval_seconds",
    "expert_load_max",
    "expert_load_min",
    "router_entropy",
)
"""Keys of the metrics (docs/formats.md) in the order that tables have them."""

WHOLE: Final = frozenset({"update", "tokens", "session", "peak_memory"})
"""Those that are whole numbers."""

_OTHER_NAMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("step", "steps", "global_step", "iteration", "iter"), "update"),
    **dict.fromkeys(("loss", "training_loss", "loss_train"), "train_loss"),
    **dict.fromkeys(("accuracy_train", "training_accuracy", "train_acc"), "train_accuracy"),
    **dict.fromkeys(("validation_loss", "eval_loss", "loss_val", "loss_eval", "loss_validation"), "val_loss"),
    **dict.fromkeys(
        ("validation_accuracy", "eval_accuracy", "accuracy_val", "accuracy_eval", "val_acc"), "val_accuracy"
    ),
    **dict.fromkeys(("perplexity", "validation_perplexity", "eval_perplexity", "perplexity_val"), "val_perplexity"),
    **dict.fromkeys(("learning_rate", "muon_lr"), "lr"),
    **dict.fromkeys(("gradient_norm", "grad_norm_total"), "grad_norm"),
    **dict.fromkeys(("throughput", "tokens_per_sec"), "tokens_per_second"),
    **dict.fromkeys(("elapsed_seconds", "time", "train_seconds"), "seconds"),
}

_LOAD = re.compile(r"expert_load/(\d{1,3})/(\d{1,3})")


def key_of(name: str) -> str:
    """Our key for a column or tag of another program (`Loss/val` is val_loss); a name that is unknown stays."""
    plain = re.sub(r"[/. -]+", "_", name.strip().lower())
    return plain if plain in KNOWN else _OTHER_NAMES.get(plain, name.strip())


def flat(record: Record) -> Record:
    """A record without nested values: the load of expert e in layer l, counted from 0, is `expert_load/l/e`."""
    row = {key: value for key, value in record.items() if isinstance(value, int | float)}
    load = record.get("expert_load")
    for layer, shares in enumerate(load if isinstance(load, list) else ()):
        for expert, share in enumerate(shares if isinstance(shares, list) else ()):
            if isinstance(share, int | float):
                row[f"expert_load/{layer}/{expert}"] = share
    return row


def unflat(row: Mapping[str, Any]) -> Record:
    """Undo `flat`. Loads that do not make a whole table are left out."""
    record = {key: value for key, value in row.items() if not _LOAD.fullmatch(key)}
    loads = {
        (int(found[1]), int(found[2])): value
        for key, value in row.items()
        if (found := _LOAD.fullmatch(key)) is not None
    }
    if loads:
        layers, experts = (1 + max(place[axis] for place in loads) for axis in (0, 1))
        if len(loads) == layers * experts:
            record["expert_load"] = [[loads[layer, expert] for expert in range(experts)] for layer in range(layers)]
    return record


def header(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every key that occurs: the known ones in their order, then the others as they come."""
    found = dict.fromkeys(key for row in rows for key in row)
    return [key for key in KNOWN if key in found] + [key for key in found if key not in KNOWN]
