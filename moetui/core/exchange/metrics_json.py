"""The format `metrics.json`: one JSON object for one run, whose only necessary key is `history`.

    history            steps, val_losses, val_accuracies, val_perplexities, elapsed_times (minutes), learning_rates: lists
    experiment_config  name and settings of the experiment
    final_metrics      val_loss, val_accuracy, val_perplexity
    total_time_minutes, stopped_early, actual_steps

Steps are taken as updates, as the file counts them.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from engine.runfiles.metrics import Record, decode, encode
from engine.spec.config import RunConfig
from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input, name_of
from moetui.core.exchange.sessions import blank, in_sessions
from moetui.core.exchange.settings_of_others import OURS, READ_ONLY, SETTINGS, settings_of
from moetui.core.exchange.tables import json_of
from moetui.core.exchange.their_optimizer import their_optimizer
from moetui.core.exchange.units import PERCENT, implausible
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


def read_metrics_json(path: Path, choices: Choices) -> ForeignRun:
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
    settings, facts = settings_of({key: value for key, value in about.items() if key != OURS})
    name = about.get("name")
    minutes = _number(path, "total_time_minutes", tree.get("total_time_minutes"))
    planned = _number(path, "experiment_config.max_steps", about.get("max_steps"))
    return ForeignRun(
        name=name if isinstance(name, str) and name.strip() else name_of(path),
        source=path,
        format=FORMAT,
        records=records,
        config=config,
        settings=settings,
        facts=facts,
        notes=tuple(notes),
        updates=int(planned) if planned and math.isfinite(planned) else None,
        seconds=60 * minutes if minutes is not None and math.isfinite(minutes) else None,
        final=_final(path, tree.get("final_metrics"), percent=PERCENT.format("val_accuracy") in notes),
        stopped_early=tree.get("stopped_early") is True,
    )


def one_metrics_json(runs: Sequence[Detail]) -> bytes:
    """The file of the one run."""
    (found,) = runs
    return orjson.dumps(encode(metrics_json(found)), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


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
        for theirs, ours in SETTINGS.items()
        if ours in found.known and theirs not in READ_ONLY
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
    tree = json_of(path)
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
    rows = [_row(path, place, step, columns) for place, step in enumerate(steps)]
    _in_fractions(rows, notes)
    records, said = in_sessions(rows)
    notes += [*said, *implausible(records)]
    return records


def _in_fractions(rows: Sequence[Record], notes: list[str]) -> None:
    highest = max((row.get("val_accuracy", 0) for row in rows), default=0)
    if 1 < highest <= 100:
        notes.append(PERCENT.format("val_accuracy"))
        for row in rows:
            if "val_accuracy" in row:
                row["val_accuracy"] /= 100


def _row(path: Path, place: int, step: float | None, columns: Mapping[str, list[float | None]]) -> Record:
    if step is None or not (0 <= step < 2**53 and step == int(step)):
        raise bad_input(path, f"history.steps[{place}]", f"{step} is no number of a step")
    row = blank(int(step))
    for theirs, ours in _COLUMNS.items():
        values = columns.get(theirs, [])
        value = values[place] if place < len(values) else None
        if value is not None:
            row[ours] = 60 * value if ours == "seconds" else value
    return row


def _final(path: Path, scores: object, *, percent: bool) -> dict[str, float]:
    if scores is None:
        return {}
    if not isinstance(scores, dict):
        raise bad_input(path, "final_metrics", "is no object")
    numbers = {key: _number(path, f"final_metrics.{key}", scores.get(key)) for key in _SCORES}
    found = {key: value for key, value in numbers.items() if value is not None}
    if percent and "val_accuracy" in found:
        found["val_accuracy"] /= 100
    return found


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


def _whole(tree: object) -> RunConfig | None:
    """A whole configuration, or None if it is none of this version."""
    try:
        return RunConfig.model_validate_json(json.dumps(tree)) if isinstance(tree, dict) else None
    except ValueError:
        return None
