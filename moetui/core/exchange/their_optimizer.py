"""The optimizer that an `experiment_config` names, with its learning rates, in our keys."""

from collections.abc import Mapping
from typing import Any, Final

_KINDS: Final = {"adam": "adamw", "adamw": "adamw", "muon": "muon", "muon_hybrid": "muon", "sgd": "sgd"}
"""Their `optimizer_type` and ours. Their Adam decays weights apart from the gradient, so it is AdamW."""


def optimizer_settings(about: Mapping[str, Any]) -> dict[str, Any]:
    """Kind, learning rate and ratio as far as they are named; a sweep of Adam has its rate in `adam_lr`, not in `muon_lr`."""
    kind = _KINDS.get(str(about.get("optimizer_type", "")).lower())
    muon, adam = _rate(about.get("muon_lr")), _rate(about.get("adam_lr"))
    if kind is None and "optimizer_type" not in about:
        kind = "muon" if muon is not None else "adamw" if adam is not None else None
    found: dict[str, Any] = {} if kind is None else {"optimizer.kind": kind}
    if kind == "adamw" and adam is not None:
        found["optimizer.lr"] = adam
    beside = _rate(about.get("adamw_lr"))
    if kind == "muon" and muon is not None and beside is not None:
        found["optimizer.adamw_ratio"] = round(beside / muon, 12)  # 0.008 / 0.08 is 0.1 and a rounding error
    return found


def their_optimizer(known: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the words of an `experiment_config`; empty where the optimizer is not known."""
    kind, lr = known.get("optimizer.kind"), known.get("optimizer.lr")
    if kind == "muon":
        ratio = known.get("optimizer.adamw_ratio")
        rates = {"muon_lr": lr, "adamw_lr": lr * ratio if lr is not None and ratio is not None else None}
        return {"optimizer_type": "muon_hybrid"} | {key: rate for key, rate in rates.items() if rate is not None}
    if kind == "adamw":
        return {"optimizer_type": "adam"} | ({} if lr is None else {"adam_lr": lr})
    return {} if kind is None else {"optimizer_type": kind}


def _rate(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
