"""SQLite files of others, read as they are and never changed: trackio's projects and optuna's studies."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input
from moetui.core.exchange.format import Look
from moetui.core.exchange.rows import Source, runs_of_rows
from moetui.core.exchange.settings_of_others import settings_of
from moetui.core.exchange.shapes import Row
from moetui.core.exchange.tables import values_of

_MAGIC: Final = b"SQLite format 3\0"

OBJECTIVE: Final = "objective"
"""What the values of a study of optuna are kept as: the study does not say what they are of."""

_Rows = list[tuple[Any, ...]]

_METRICS: Final = "SELECT id, run_id, run_name, step, timestamp, metrics FROM metrics ORDER BY id"
"""The records of trackio; older versions know runs by their names alone."""


def is_trackio(look: Look) -> str:
    """Why a file is a project of trackio."""
    columns = _columns(look, "metrics")
    return "its table metrics is trackio's" if {"run_name", "step", "metrics"} <= columns else ""


def is_optuna(look: Look) -> str:
    """Why a file is a storage of optuna."""
    columns = _columns(look, "trial_intermediate_values")
    return "its table trial_intermediate_values is optuna's" if {"trial_id", "step"} <= columns else ""


def _columns(look: Look, table: str) -> set[str]:
    if not look.raw.startswith(_MAGIC):
        return set()
    try:
        with closing(_opened(look.path)) as base:
            return {str(row[1]) for row in base.execute("SELECT * FROM pragma_table_info(?)", (table,))}
    except (sqlite3.Error, ValueError):  # names may be no text
        return set()


def _opened(path: Path) -> sqlite3.Connection:
    # Its write-ahead log, if there is one, is read too, which a file that is said to be immutable would not allow.
    base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
    base.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return base


@contextmanager
def _asked(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(_opened(path)) as base:
            yield base
    except (sqlite3.Error, ValueError, OverflowError) as error:
        raise bad_input(path, "", f"cannot be read as SQLite ({' '.join(str(error).split())[:100]})") from None


def read_trackio(path: Path, choices: Choices) -> list[ForeignRun]:
    """The runs of a project of trackio: one row of its table `metrics` is one record, whose values are JSON."""
    with _asked(path) as base:
        columns = {str(row[1]) for row in base.execute("SELECT * FROM pragma_table_info('metrics')")}
        told: _Rows = base.execute(
            _METRICS if "run_id" in columns else _METRICS.replace("run_id", "run_name")
        ).fetchall()
        configs = _configs(base)
    groups: dict[str, list[Row]] = {}
    names: dict[str, str] = {}
    for number, run_id, name, step, timestamp, metrics in told:
        try:
            values = values_of(_object(metrics))
        except (ValueError, RecursionError):
            raise bad_input(path, f"row {number} of metrics", "is no JSON object") from None
        names[str(run_id)] = str(name)
        groups.setdefault(str(run_id), []).append(
            (f"row {number} of metrics", values | {"step": step, "timestamp": timestamp})
        )
    if not groups:
        raise bad_input(path, "", "holds no records")
    found: list[ForeignRun] = []
    for run_id, rows in groups.items():
        config = {key: value for key, value in configs.get(run_id, {}).items() if not key.startswith("_")}
        found += _with(runs_of_rows(Source(path, "trackio", names[run_id]), rows, choices), config)
    return found


def _configs(base: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """The settings of each run, by its id and by its name; of a version without them, none."""
    found: dict[str, dict[str, Any]] = {}
    with suppress(sqlite3.OperationalError, ValueError, RecursionError):
        names = [str(row[1]) for row in base.execute("SELECT * FROM pragma_table_info('configs')")]
        for cells in base.execute("SELECT * FROM configs"):
            row = dict(zip(names, cells, strict=True))
            found |= {str(row[key]): _object(row["config"]) for key in ("run_name", "run_id") if key in row}
    return found


def read_optuna(path: Path, choices: Choices) -> list[ForeignRun]:
    """The trials of the studies of optuna: intermediate values by step, and the value at the end one step after."""
    with _asked(path) as base:
        trials: _Rows = base.execute(
            "SELECT t.trial_id, t.number, s.study_name, t.state FROM trials t JOIN studies s USING (study_id) ORDER BY t.trial_id"
        ).fetchall()
        steps: _Rows = base.execute(
            "SELECT trial_id, step, intermediate_value, intermediate_value_type FROM trial_intermediate_values ORDER BY step"
        ).fetchall()
        ends: _Rows = base.execute("SELECT trial_id, objective, value, value_type FROM trial_values").fetchall()
        params: _Rows = base.execute(
            "SELECT trial_id, param_name, param_value, distribution_json FROM trial_params"
        ).fetchall()
    found: list[ForeignRun] = []
    for trial, number, study, state in trials:
        rows: list[Row] = [
            (f"trial {number}", {"step": step, OBJECTIVE: _infinite(value, kind)})
            for owner, step, value, kind in steps
            if owner == trial
        ]
        last = max((row["step"] for _, row in rows if isinstance(row["step"], int)), default=0)
        rows += [
            (f"trial {number}", {"step": last + 1, OBJECTIVE + (f"_{place}" if place else ""): _infinite(value, kind)})
            for owner, place, value, kind in ends
            if owner == trial
        ]
        if rows:
            chosen = {name: _parameter(value, told) for owner, name, value, told in params if owner == trial}
            source = Source(path, "optuna", f"{study}-{number}")
            found += _with(runs_of_rows(source, rows, choices), {**chosen, "state": str(state).lower()})
    if not found:
        raise bad_input(path, "", "holds no trial with a value")
    return found


def _infinite(value: Any, kind: Any) -> Any:
    return {"INF_POS": float("inf"), "INF_NEG": float("-inf"), "NAN": float("nan")}.get(str(kind), value)


def _parameter(value: Any, distribution: Any) -> Any:
    """The value of a parameter; of a categorical one, the database has its place among the choices."""
    try:
        choices = json.loads(distribution)["attributes"].get("choices")
        return value if choices is None else choices[int(value)]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return value


def _object(raw: Any) -> dict[str, Any]:
    tree = json.loads(raw) if isinstance(raw, str | bytes) else raw
    if not isinstance(tree, dict):
        raise ValueError("no object")  # noqa: TRY004  # it is the content of a file that is wrong
    return tree


def _with(runs: list[ForeignRun], about: Mapping[str, Any]) -> list[ForeignRun]:
    settings, facts = settings_of(about)
    return [replace(run, settings={**settings, **run.settings}, facts={**facts, **run.facts}) for run in runs]
