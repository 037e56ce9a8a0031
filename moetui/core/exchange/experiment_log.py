"""The experiment-log record: name, four settings, four results and a note."""

from collections.abc import Sequence
from typing import Any

import orjson

from engine.runfiles.metrics import encode
from moetui.core.runs.detail import Detail


def experiment_log(runs: Sequence[Detail]) -> bytes:
    """A JSON list with one record for each run; what is not known is null."""
    tree = encode([_record(found) for found in runs])
    return orjson.dumps(tree, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _record(found: Detail) -> dict[str, Any]:
    run, settings = found.record, found.known
    return {
        "name": run.name,
        "config": {
            **_rates(found),
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


def _rates(found: Detail) -> dict[str, float | None]:
    """The rate of either optimizer; one whose optimizer is not known belongs to neither."""
    lr, settings = found.record.lr, found.known
    kind, ratio = settings.get("optimizer.kind"), settings.get("optimizer.adamw_ratio")
    beside = lr * ratio if kind == "muon" and lr is not None and ratio is not None else None
    return {"muon_lr": lr if kind == "muon" else None, "adamw_lr": lr if kind == "adamw" else beside}


def _stability(found: Detail) -> str:
    """One word from the findings on the curves; a divergence may be known without them."""
    kinds = {finding.kind for finding in found.findings}
    if found.record.status == "diverged" or kinds & {"non-finite", "divergence"}:
        return "diverged"
    if kinds & {"spike", "oscillation"}:
        return "unstable"
    return "stable" if found.looked_at.enough else "not known"
