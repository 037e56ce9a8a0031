"""Projects of trackio, `PROJECT.db`: one row of the table `metrics` is one record, whose values are JSON."""

import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input
from moetui.core.exchange.format import Look
from moetui.core.exchange.outgoing import rows_of, settings_told
from moetui.core.exchange.rows import Source, runs_of_rows
from moetui.core.exchange.settings_of_others import OURS, with_settings
from moetui.core.exchange.shapes import Row
from moetui.core.exchange.sqlite_file import Rows, asked, columns, columns_of, json_object
from moetui.core.exchange.tables import values_of
from moetui.core.runs.detail import Detail

_METRICS: Final = "SELECT id, run_id, run_name, step, timestamp, metrics FROM metrics ORDER BY id"
"""The records; older versions know runs by their names alone."""

_TABLES: Final = """
CREATE TABLE metrics (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, timestamp TEXT NOT NULL, run_name TEXT NOT NULL,
    step INTEGER NOT NULL, metrics TEXT NOT NULL, log_id TEXT, space_id TEXT
);
CREATE INDEX idx_metrics_run_step ON metrics(run_id, step);
CREATE INDEX idx_metrics_run_timestamp ON metrics(run_id, timestamp);
CREATE TABLE configs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, run_name TEXT NOT NULL, config TEXT NOT NULL,
    created_at TEXT NOT NULL, UNIQUE(run_id)
);
"""
"""Its own tables for measurements (trackio/sqlite_storage.py); it adds the others when it opens the file."""


def is_trackio(look: Look) -> str:
    """Why a file is a project of trackio."""
    return "its table metrics is trackio's" if {"run_name", "step", "metrics"} <= columns_of(look, "metrics") else ""


def read_trackio(path: Path, choices: Choices) -> list[ForeignRun]:
    """The runs of a project. Raises `UsageError` for a row that holds no record."""
    with asked(path) as base:
        there = "run_id" in columns(base, "metrics")
        told: Rows = base.execute(_METRICS if there else _METRICS.replace("run_id", "run_name")).fetchall()
        configs = _configs(base)
    groups: dict[str, list[Row]] = {}
    names: dict[str, str] = {}
    for number, run_id, name, step, timestamp, metrics in told:
        try:
            values = values_of(json_object(metrics))
        except (ValueError, RecursionError):
            raise bad_input(path, f"row {number} of metrics", "is no JSON object") from None
        names[str(run_id)] = str(name)
        moment = {} if OURS in configs.get(str(run_id), {}) else {"timestamp": timestamp}
        groups.setdefault(str(run_id), []).append((f"row {number} of metrics", values | {"step": step} | moment))
    if not groups:
        raise bad_input(path, "", "holds no records")
    found: list[ForeignRun] = []
    for run_id, rows in groups.items():
        config = {key: value for key, value in configs.get(run_id, {}).items() if not key.startswith("_")}
        runs = runs_of_rows(Source(path, "trackio", names[run_id]), rows, choices)
        found += [with_settings(run, config) for run in runs]
    return found


def _configs(base: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """The settings of each run, by its id and by its name; of a version without them, none."""
    found: dict[str, dict[str, Any]] = {}
    with suppress(sqlite3.OperationalError, ValueError, RecursionError):
        names = columns(base, "configs")
        for cells in base.execute("SELECT * FROM configs"):
            row = dict(zip(names, cells, strict=True))
            found |= {str(row[key]): json_object(row["config"]) for key in ("run_name", "run_id") if key in row}
    return found


def trackio_bytes(runs: Sequence[Detail]) -> bytes:
    """A project with the runs, each under its own id, for trackio's directory (`TRACKIO_DIR`)."""
    with closing(sqlite3.connect(":memory:")) as base:
        base.executescript(_TABLES)
        for found in runs:
            run = found.record
            about = (run.id, run.name, _json(settings_told(found)), _moment(run.created))
            base.execute("INSERT INTO configs (run_id, run_name, config, created_at) VALUES (?, ?, ?, ?)", about)
            base.executemany(
                "INSERT INTO metrics (run_id, run_name, timestamp, step, metrics) VALUES (?, ?, ?, ?, ?)",
                _cells(found),
            )
        base.commit()
        return base.serialize()


def _cells(found: Detail) -> Iterator[tuple[str, str, str, int, bytes]]:
    run = found.record
    for row in rows_of(found):
        yield run.id, run.name, _moment(row.moment), row.update, _json(row.values)


def _json(values: Mapping[str, Any]) -> bytes:
    """JSON with the words that trackio has for numbers that are not finite."""
    told = {
        key: value if not isinstance(value, float) or math.isfinite(value) else _word(value)
        for key, value in values.items()
    }
    return orjson.dumps(told)


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
