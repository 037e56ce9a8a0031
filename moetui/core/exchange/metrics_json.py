"""The format `metrics.json`: one JSON object for one run, whose only necessary key is `history`.

    history            steps, val_losses, val_accuracies, val_perplexities, elapsed_times (minutes), learning_rates: lists
    experiment_config  name and settings of the experiment
    final_metrics      val_loss, val_accuracy, val_perplexity
    total_time_minutes, stopped_early, actual_steps

Steps are taken as updates, as the file counts them.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.runfiles.metrics import Record, decode
from engine.spec.config import ConfigError, RunConfig, resolve
from moetui.core.exchange.foreign import ForeignRun, bad_input
from moetui.core.exchange.their_optimizer import optimizer_settings, their_optimizer
from moetui.core.planning.settings import nest
from moetui.core.runs.detail import Detail

FORMAT: Final = "metrics-json"
NAME: Final = "metrics.json"

_COLUMNS: Final = {
    "val_losses": "val_loss",
    "val_accuracies": "val_accuracy",
    "val_perplexities": "val_perplexity",
    "elapsed_times": "seconds",
    "learning_rates": "lr",
}

_SCORES: Final = ("val_loss", "val_accuracy", "val_perplexity")

_SETTINGS: Final = {
    "muon_lr": "optimizer.lr",
    "learning_rate": "optimizer.lr",
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

_READ_ONLY: Final = frozenset({"muon_lr", "warmup_steps_ratio"})
"""Those of them that are read and not written: one by another name, and one that says more than the rate."""

OURS: Final = "moetui"
"""Key of `experiment_config` under which an export keeps the whole configuration."""


def read_metrics_json(path: Path) -> ForeignRun:
    """The run of one file. Raises `UsageError` with file, key and fault, `OSError` if it cannot be read."""
    tree = _load(path)
    notes: list[str] = []
    records = _records(path, tree, notes)
    about = tree.get("experiment_config")
    if about is None:
        about = {}
        notes.append("no experiment_config, so the configuration is not known")
    if not isinstance(about, dict):
        raise bad_input(path, "experiment_config", "is no object")
    ours = about.get(OURS)
    config = _whole(ours.get("config")) if isinstance(ours, dict) else None
    settings, facts = _settings({key: value for key, value in about.items() if key != OURS})
    name = about.get("name")
    minutes = _number(path, "total_time_minutes", tree.get("total_time_minutes"))
    planned = _number(path, "experiment_config.max_steps", about.get("max_steps"))
    return ForeignRun(
        name=name if isinstance(name, str) and name.strip() else path.parent.name if path.name == NAME else path.stem,
        source=path,
        format=FORMAT,
        records=records,
        config=config,
        settings=settings,
        facts=facts,
        notes=tuple(notes),
        updates=int(planned) if planned and math.isfinite(planned) else None,
        seconds=60 * minutes if minutes is not None and math.isfinite(minutes) else None,
        final=_final(path, tree.get("final_metrics")),
        stopped_early=tree.get("stopped_early") is True,
    )


def metrics_json(found: Detail) -> dict[str, Any]:
    """One run in the format; only its evaluations have a place in it."""
    run = found.record
    rows = [record for record in found.records if "val_loss" in record]
    history: dict[str, list[Any]] = {"steps": [row["update"] for row in rows]}
    for theirs, ours in _COLUMNS.items():
        if any(ours in row for row in rows):
            scale = 1 / 60 if ours == "seconds" else 1
            history[theirs] = [row[ours] * scale if ours in row else None for row in rows]
    about: dict[str, Any] = {"name": run.name, "max_steps": run.updates} | {
        theirs: found.known[ours]
        for theirs, ours in _SETTINGS.items()
        if ours in found.known and theirs not in _READ_ONLY
    }
    about |= their_optimizer(found.known)
    if found.config is not None:
        about[OURS] = {"id": run.id, "config": found.config.model_dump(mode="json")}
    tree: dict[str, Any] = {"experiment_config": about, "history": history, "actual_steps": run.update}
    if run.final:
        tree["final_metrics"] = run.final.model_dump(include=set(_SCORES))
        if run.final.seconds is not None:
            tree["total_time_minutes"] = run.final.seconds / 60
    return tree | {"stopped_early": found.stopped_early}


def _load(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(path.read_bytes())  # not orjson: Python's own writer, whose files these are, writes NaN
    except UnicodeDecodeError:
        raise bad_input(path, "", "is no UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise bad_input(path, f"line {error.lineno}, column {error.colno}", error.msg) from None
    except (RecursionError, ValueError) as error:
        raise bad_input(path, "", f"is no readable JSON ({error})") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("history"), dict):
        raise bad_input(path, "history", "the key is missing or no object")
    return tree


def _records(path: Path, tree: Mapping[str, Any], notes: list[str]) -> list[Record]:
    history = tree["history"]
    columns: dict[str, list[float | None]] = {}
    for key in ("steps", *_COLUMNS):
        values = history.get(key)
        if values is None or values == []:
            notes.append(f"no {key}")
        elif not isinstance(values, list):
            raise bad_input(path, f"history.{key}", "is no list")
        else:
            columns[key] = [_number(path, f"history.{key}[{place}]", value) for place, value in enumerate(values)]
    longest = max((len(values) for key, values in columns.items() if key != "steps"), default=0)
    if not longest:
        raise bad_input(path, "history", "holds no curve")
    steps = columns.pop("steps", None)
    if steps is None:
        steps = [float(place + 1) for place in range(longest)]
        notes[notes.index("no steps")] = "no steps, so evaluations count as 1, 2, …"
    for key, values in columns.items():
        if len(values) != len(steps):
            notes.append(f"{key} has {len(values)} values for {len(steps)} steps")
    return [_record(path, place, step, columns) for place, step in enumerate(steps)]


def _record(path: Path, place: int, step: float | None, columns: Mapping[str, list[float | None]]) -> Record:
    if step is None or not (0 <= step < 2**53 and step == int(step)):
        raise bad_input(path, f"history.steps[{place}]", f"{step} is no number of a step")
    record: Record = {"update": int(step), "session": 1}
    for theirs, ours in _COLUMNS.items():
        values = columns.get(theirs, [])
        value = values[place] if place < len(values) else None
        if value is not None:
            record[ours] = 60 * value if ours == "seconds" else value
    return record


def _final(path: Path, scores: object) -> dict[str, float]:
    if scores is None:
        return {}
    if not isinstance(scores, dict):
        raise bad_input(path, "final_metrics", "is no object")
    numbers = {key: _number(path, f"final_metrics.{key}", scores.get(key)) for key in _SCORES}
    return {key: value for key, value in numbers.items() if value is not None}


def _number(path: Path, where: str, value: object) -> float | None:
    """A number or None; null is none."""
    value = decode(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_input(path, where, f"{str(value)[:40]!r} is no number")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _settings(about: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `experiment_config` says in our terms, and the rest of it. A value that ours does not allow is among the rest."""
    settings: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    named = {key: value for key, value in optimizer_settings(about).items() if _allowed(key, value)}
    without_muon = named.get("optimizer.kind", "muon") != "muon"
    for theirs, value in about.items():
        ours = _SETTINGS.get(theirs)
        if ours is not None and _allowed(ours, value) and not (theirs == "muon_lr" and without_muon):
            settings[ours] = value
        elif theirs != "name":
            facts[theirs] = value
    return settings | named, facts


def _allowed(key: str, value: object) -> bool:
    try:
        resolve(nest({key: value}))
    except ConfigError:
        return False
    return True


def _whole(tree: object) -> RunConfig | None:
    """A whole configuration, or None if it is none of this version."""
    try:
        return RunConfig.model_validate_json(json.dumps(tree)) if isinstance(tree, dict) else None
    except ValueError:
        return None
