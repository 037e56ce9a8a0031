"""A record brought up to date from its run directory."""

import contextlib
from collections.abc import Iterable, Iterator

from engine.runfiles.history import read_records
from engine.runfiles.metrics import Record
from engine.runfiles.rundir import RunDir, State
from moetui.core.catalogue.records import PENDING, RunRecord, Scores
from moetui.core.runs.status import Observation, best_scores, final_scores, observe


def current(record: RunRecord, run: RunDir) -> tuple[RunRecord, State | None]:
    """The record as its directory tells it now, and the trainer's last word if it lives."""
    seen = observe(run)
    fields = _ended(run, seen) if seen.status not in PENDING else _going_on(seen)
    about = {
        "status": seen.status,
        "reason": seen.reason,
        "turn": seen.wait.turn if seen.wait else None,
        "due": seen.due,
        "retried": (seen.launch.retry or None) if seen.launch else record.retried,
    }
    fresh = record.model_copy(update=about | fields)
    return fresh, seen.state if fresh.live else None


def _going_on(seen: Observation) -> dict[str, object]:
    if seen.state is None:
        if seen.launch is None:
            return {}
        return {"device": seen.launch.device, "host": seen.launch.host, "started": seen.launch.started}
    return {
        "update": seen.state.update,
        "started": seen.state.started,
        "device": seen.launch.device if seen.launch else seen.state.device,
        "host": seen.launch.host if seen.launch else seen.state.host,
        "tokens_per_second": seen.state.tokens_per_second,
        "data_fingerprint": seen.state.data_fingerprint,
        "validation_tokens": seen.state.validation_tokens,
    }


def _ended(run: RunDir, seen: Observation) -> dict[str, object]:
    fields = _going_on(seen)
    if seen.result is None:
        return fields | _from_metrics(run, seen.state)
    result = seen.result
    speed = result.tokens / result.seconds if result.tokens and result.seconds else None
    return fields | {
        "update": result.update,
        "started": result.started,
        "ended": result.ended,
        "final": final_scores(result),
        "best": best_scores(result),
        "tokens_per_second": speed,
        "peak_memory": result.peak_memory,
        "data_fingerprint": result.data_fingerprint,
    }


def _from_metrics(run: RunDir, state: State | None) -> dict[str, object]:
    """What a run that could not say goodbye had measured."""
    records: list[Record] = []
    with contextlib.suppress(OSError):  # the end of the run is known without its measurements
        records = read_records(run.metrics_file)
    scores = list(_evaluations(records))
    finite = [score for score in scores if score.val_loss == score.val_loss]  # NaN is unequal to itself
    return {
        "update": max((record["update"] for record in records), default=0),
        "ended": state.heartbeat if state else None,
        "final": scores[-1] if scores else None,
        "best": min(finite, key=lambda score: score.val_loss or 0.0, default=None),
    }


def _evaluations(records: Iterable[Record]) -> Iterator[Scores]:
    for record in records:
        if isinstance(record.get("val_loss"), int | float):
            yield Scores.model_validate(record)
