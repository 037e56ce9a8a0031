"""Names of measurements here and elsewhere, and records as flat rows of numbers."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
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
    "noise_scale",
    "noise_scale_embedding",
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

UPDATES: Final = (
    "update",
    "global_step",
    "train_global_step",
    "trainer_global_step",
    "step",
    "steps",
    "iteration",
    "iterations",
    "iter",
    "training_step",
    "training_steps",
    "training_iteration",
    "_step",
)
"""Names that a column of updates may have; of several, the first is it. W&B's `_step` counts calls of its log, hence last."""

TIMES_OF_DAY: Final = ("time", "timestamp", "_timestamp", "wall_time", "datetime", "date_time")
"""Names of columns that may hold moments; every other column of `seconds` holds training time."""

_LOSS: Final = ("loss", "cross_entropy", "ce_loss")
_ACCURACY: Final = ("accuracy", "acc", "token_accuracy", "mean_token_accuracy")
_PERPLEXITY: Final = ("perplexity", "ppl")

_TRAINING: Final = ("train", "training", "trainer")
_HELD_OUT: Final = ("val", "valid", "validation", "eval", "evaluation")

_PLAIN: Final[Mapping[str, str]] = {
    **dict.fromkeys(UPDATES, "update"),
    **dict.fromkeys(("learning_rate", "muon_lr", "lr_0", "lr_adam", "lr_adamw"), "lr"),
    **dict.fromkeys(("gradient_norm", "grad_norm_total", "total_grad_norm"), "grad_norm"),
    **dict.fromkeys(("throughput", "tokens_per_sec", "tok_s", "tokens_s"), "tokens_per_second"),
    **dict.fromkeys(("num_tokens", "tokens_seen", "num_input_tokens_seen", "consumed_tokens"), "tokens"),
    **dict.fromkeys(("elapsed_seconds", "elapsed", "train_seconds", "_runtime", "runtime", "time_total_s"), "seconds"),
    **dict.fromkeys(TIMES_OF_DAY, "seconds"),
    **dict.fromkeys(_LOSS, "train_loss"),
    **dict.fromkeys(_PERPLEXITY, "val_perplexity"),
}

_SIDES: Final[Mapping[str, str]] = {
    **{f"{side}_{name}": "train_loss" for side in _TRAINING for name in _LOSS},
    **{f"{side}_{name}": "train_accuracy" for side in _TRAINING for name in _ACCURACY},
    **{f"{side}_{name}": "val_loss" for side in _HELD_OUT for name in _LOSS},
    **{f"{side}_{name}": "val_accuracy" for side in _HELD_OUT for name in _ACCURACY},
    **{f"{side}_{name}": "val_perplexity" for side in _HELD_OUT for name in _PERPLEXITY},
}

_OTHER_NAMES: Final[Mapping[str, str]] = {
    **_PLAIN,
    **_SIDES,
    **{"_".join(reversed(name.split("_", 1))): key for name, key in _SIDES.items()},  # loss_val, Loss/train
}

_LOAD = re.compile(r"expert_load/(\d{1,3})/(\d{1,3})")


def plain(name: str) -> str:
    """A name in lower case with underscores between its words."""
    return re.sub(r"[/. :-]+", "_", name.strip().lower())


@lru_cache(maxsize=4096)
def key_of(name: str) -> str:
    """Our key for a column or tag of another program (`Loss/val` is val_loss); a name that is unknown stays.

    What is measured in training needs no `train/` before it; `val_`, `eval_` and so on make of a loss, an accuracy and a perplexity
    those of the validation. Lightning's `_step` and Keras' `epoch_` say how often, not what.
    """
    word = plain(name)
    for form in (word, word.removesuffix("_step"), word.removeprefix("epoch_")):
        if form in KNOWN:
            return form
        if form in _OTHER_NAMES:
            return _OTHER_NAMES[form]
    side, _, rest = word.partition("_")
    if side in _TRAINING and (rest in KNOWN or rest in _PLAIN):
        return _PLAIN.get(rest, rest)
    return name.strip()


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
    loads = {
        (int(found[1]), int(found[2])): value
        for key, value in row.items()
        if key.startswith("expert_load/") and (found := _LOAD.fullmatch(key)) is not None
    }
    if not loads:
        return dict(row)
    record = {key: value for key, value in row.items() if not _LOAD.fullmatch(key)}
    layers, experts = (1 + max(place[axis] for place in loads) for axis in (0, 1))
    if len(loads) == layers * experts:
        record["expert_load"] = [[loads[layer, expert] for expert in range(experts)] for layer in range(layers)]
    return record


def header(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every key that occurs: the known ones in their order, then the others as they come."""
    found = dict.fromkeys(key for row in rows for key in row)
    return [key for key in KNOWN if key in found] + [key for key in found if key not in KNOWN]
