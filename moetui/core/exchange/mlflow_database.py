"""`mlflow.db`, the SQLite store of MLflow: read as it is, and written by its own package, which alone knows its tables."""

import logging
import math
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from engine.spec.harmless import one_line
from moetui.core.errors import LabError, UsageError
from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input
from moetui.core.exchange.format import Look
from moetui.core.exchange.outgoing import PROJECT, rows_of, settings_told
from moetui.core.exchange.rows import Source, runs_of_rows
from moetui.core.exchange.settings_of_others import OURS, with_settings
from moetui.core.exchange.shapes import Row
from moetui.core.exchange.sqlite_file import Rows, asked, columns_of
from moetui.core.exchange.units import cell
from moetui.core.runs.detail import Detail

NAME: Final = "mlflow.db"

_INFINITE: Final = 1.7976931348623157e308
"""What the store keeps in the place of infinity."""

_MOST_METRICS, _MOST_PARAMS = 1000, 100  # that one request takes
_LONGEST, _LONGEST_NAME = 6000, 250  # characters of a parameter, and of a name
_REFUSED = re.compile(r"[^\w\-. :/]", re.ASCII)
"""Characters that a name of MLflow may not have."""


def is_mlflow_database(look: Look) -> str:
    """Why a file is a store of MLflow."""
    columns = columns_of(look, "metrics")
    return "its table metrics is MLflow's" if {"run_uuid", "key", "value", "step", "is_nan"} <= columns else ""


def read_mlflow_database(path: Path, choices: Choices) -> list[ForeignRun]:
    """The runs of a store that were not deleted and have metrics. Raises `UsageError` if there is none."""
    with asked(path) as base:
        told: Rows = base.execute(
            "SELECT run_uuid, name, status FROM runs WHERE lifecycle_stage = 'active' ORDER BY start_time, run_uuid"
        ).fetchall()
        metrics: Rows = base.execute(
            "SELECT run_uuid, key, value, step, timestamp, is_nan FROM metrics ORDER BY timestamp, step"
        ).fetchall()
        params: Rows = base.execute("SELECT run_uuid, key, value FROM params").fetchall()
    about: dict[Any, dict[str, Any]] = {run: {"status": str(status).lower()} for run, _, status in told}
    for run, key, value in params:
        if run in about:
            about[run][str(key)] = cell(str(value))
    rows: dict[Any, list[Row]] = {run: [] for run, *_ in told}
    for run, key, value, step, timestamp, is_nan in metrics:
        if run in rows and value is not None:
            moment = {} if OURS in about[run] else {"timestamp": timestamp}
            rows[run].append((f"metric {key}", {str(key): _number(value, is_nan), "step": step} | moment))
    found = [
        with_settings(one, about[run])
        for run, name, _ in told
        if rows[run]
        for one in runs_of_rows(Source(path, "mlflow", str(name or run)), rows[run], choices)
    ]
    if not found:
        raise bad_input(path, "", "holds no run with a metric")
    return found


def _number(value: Any, is_nan: Any) -> Any:
    if is_nan:
        return math.nan
    return math.copysign(math.inf, value) if isinstance(value, float) and abs(value) == _INFINITE else value


def mlflow_bytes(runs: Sequence[Detail]) -> bytes:
    """A store with one experiment of the runs. Raises `UsageError` without the package."""
    client_class, refused = _package()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        try:
            client = client_class(tracking_uri=f"sqlite:///{path}")
            experiment = client.create_experiment(PROJECT, artifact_location=f"mlflow-artifacts:/{PROJECT}")
            for found in runs:
                _write(client, experiment, found)
        except refused as error:
            raise LabError(f"MLflow refused the runs: {one_line(str(error))[:200]}") from None
        return path.read_bytes()


def _write(client: Any, experiment: str, found: Detail) -> None:
    from mlflow.entities import Metric, Param

    run = found.record
    begun = int(1000 * (run.started or run.created))
    tags = {"mlflow.note.content": run.note, "tags": " ".join(run.tags), "group": run.group, "study": run.study}
    told = client.create_run(
        experiment, start_time=begun, run_name=run.name, tags={key: value for key, value in tags.items() if value}
    )
    settings = settings_told(found)
    names = _names([*settings, *(key for row in rows_of(found) for key in row.values)])
    params = (Param(names[key], str(value)[:_LONGEST]) for key, value in settings.items())
    for batch in _batches(params, _MOST_PARAMS):
        client.log_batch(told.info.run_id, params=batch)
    metrics = (Metric(names[key], value, moment, step) for key, value, moment, step in _points(found))
    for batch in _batches(metrics, _MOST_METRICS):
        client.log_batch(told.info.run_id, metrics=batch)
    ended = int(1000 * run.ended) if run.ended else None
    client.set_terminated(told.info.run_id, status="FINISHED" if run.status == "finished" else "FAILED", end_time=ended)


def _points(found: Detail) -> Iterator[tuple[str, float, int, int]]:
    """Key, value, Unix milliseconds and step of every number; sessions have no place in this format."""
    for row in rows_of(found):
        for key, value in row.values.items():
            if key != "session":
                yield key, float(value), int(1000 * row.moment), row.update


def _batches(things: Iterable[Any], most: int) -> Iterator[list[Any]]:
    iterator = iter(things)
    while batch := list(islice(iterator, most)):
        yield batch


def _names(keys: Iterable[str]) -> dict[str, str]:
    """A name for each key that MLflow allows, no two the same: in the place of refused characters, and of a taken name, `_`."""
    found: dict[str, str] = {}
    for key in dict.fromkeys(keys):
        parts = [part for part in _REFUSED.sub("_", key).split("/") if part not in ("", ".", "..")]
        name = "/".join(parts)[: _LONGEST_NAME - 8].rstrip("/") or "_"
        while name in found.values():
            name += "_"
        found[key] = name
    return found


def _package() -> tuple[Any, type[Exception]]:
    """The client and the error of the package."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing of an export goes out
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError:
        raise UsageError(
            "MLflow needs its package to be written: pip install 'moetui[trackers]' or mlflow-skinny"
        ) from None
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return MlflowClient, MlflowException
