"""The experiment-log record: name, four settings, four results and a note."""

from collections.abc import Sequence
from typing import Any

import orjson

from engine.metrics import encode
from moetui.core.detail import Detail


def experiment_log(runs: Sequence[Detail]) -> bytes:
    """A JSON list with one record for each run; what is not known is null."""
    tree = encode([_record(found) for found in runs])
    return orjson.dumps(tree, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _record(found: Detail) -> dict[str, Any]:
    run, settings = found.record, found.known
    ratio = settings.get("optimizer.adamw_ratio")
    alone = settings.get("optimizer.kind", "muon") != "muon"
    return {
        "name": run.name,
        "config": {
            "muon_lr": None if alone else run.lr,
            "adamw_lr": run.lr if alone else run.lr * ratio if run.lr is not None and ratio is not None else None,
            "warmup_ratio": settings.get("schedule.warmup"),
            "min_lr_ratio": settings.get("schedule.floor"),
        },
        "results": {
            "final_accuracy": run.final.val_accuracy if run.final else None,
            "final_loss": run.final.val_loss if run.final else None,
            "training_time": run.final.seconds if run.final else None,
            "stability": _stability(found),
        },
        "notes": run.note,
    }


def _stability(found: Detail) -> str | None:
    """One word from the findings of the training's own steadiness; None where nothing was measured."""
    if not found.records:
        return None
    kinds = {finding.kind for finding in found.findings}
    if kinds & {"non-finite", "divergence"}:
        return "diverged"
    return "unstable" if kinds & {"spike", "oscillation"} else "stable"
