"""What others call their settings, and what of it means the same here."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from engine.spec.config import ConfigError, resolve
from moetui.core.exchange.foreign import ForeignRun
from moetui.core.exchange.their_optimizer import optimizer_settings
from moetui.core.planning.settings import known_keys, nest

SETTINGS: Final = {
    "muon_lr": "optimizer.lr",
    "learning_rate": "optimizer.lr",
    "lr": "optimizer.lr",
    "lr_schedule_type": "schedule.kind",
    "warmup_ratio": "schedule.warmup",
    "warmup_steps_ratio": "schedule.warmup",
    "min_lr_ratio": "schedule.floor",
    "load_balancing_weight": "model.balance_weight",
    "dropout": "model.dropout",
    "num_experts": "model.n_experts",
    "expert_top_k": "model.top_k",
    "d_model": "model.d_model",
    "n_layers": "model.n_layers",
    "n_heads": "model.n_heads",
    "d_ff": "model.d_ff",
    "batch_size": "training.batch_size",
    "gradient_accumulation_steps": "training.accumulation",
    "max_seq_len": "data.sequence_length",
    "seed": "seed",
}
"""Keys of `experiment_config` that mean the same as one of ours; `max_steps` is not among them, as it may count micro-batches."""

OURS: Final = "moetui"
"""The key under which our exports tell which run it was."""

READ_ONLY: Final = frozenset({"muon_lr", "lr", "warmup_steps_ratio"})
"""Those of them that are read and not written: two by another name, and one that says more than the rate."""


def settings_of(about: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `experiment_config` says in our terms, and the rest of it. A value that ours does not allow is among the rest."""
    settings: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    named = {key: value for key, value in optimizer_settings(about).items() if _allowed(key, value)}
    without_muon = named.get("optimizer.kind", "muon") != "muon"
    for theirs, value in about.items():
        ours = SETTINGS.get(theirs, theirs if theirs in known_keys() else None)
        if ours is not None and _allowed(ours, value) and not (theirs == "muon_lr" and without_muon):
            settings[ours] = value
        elif theirs != "name":
            facts[theirs] = value
    return settings | named, facts


def with_settings(run: ForeignRun, about: Mapping[str, Any]) -> ForeignRun:
    """A run with what is told of its settings; what its rows have told stands."""
    settings, facts = settings_of(about)
    return replace(run, settings={**settings, **run.settings}, facts={**facts, **run.facts})


def _allowed(key: str, value: object) -> bool:
    try:
        resolve(nest({key: value}))
    except ConfigError:
        return False
    return True
