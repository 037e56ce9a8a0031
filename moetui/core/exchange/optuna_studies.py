"""Studies of optuna: an SQLite storage, or a journal, whose lines are operations. Each trial is a run."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from moetui.core.exchange.foreign import Choices, ForeignRun, bad_input
from moetui.core.exchange.format import Look
from moetui.core.exchange.rows import Source, runs_of_rows
from moetui.core.exchange.settings_of_others import with_settings
from moetui.core.exchange.shapes import Row
from moetui.core.exchange.sqlite_file import Rows, asked, columns_of, json_object

OBJECTIVE: Final = "objective"
"""What the values of a study are kept as: it does not say what they are of."""

_STATES: Final = ("running", "complete", "pruned", "fail", "waiting")


class _Operation(IntEnum):
    """The operations of a journal that make trials and their values (optuna/storages/journal/_storage.py)."""

    CREATE_STUDY = 0
    DELETE_STUDY = 1
    CREATE_TRIAL = 4
    SET_TRIAL_PARAM = 5
    SET_TRIAL_STATE_VALUES = 6
    SET_TRIAL_INTERMEDIATE_VALUE = 7


@dataclass(slots=True)
class _Trial:
    """One trial: reported values by step in the order of their steps, values at its end, parameters."""

    study: Any
    number: Any
    state: str = "running"
    steps: dict[Any, Any] = field(default_factory=dict)
    ends: list[Any] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)


def is_optuna(look: Look) -> str:
    """Why a file is a storage of optuna."""
    if {"trial_id", "step"} <= columns_of(look, "trial_intermediate_values"):
        return "its table trial_intermediate_values is optuna's"
    first = look.text.partition("\n")[0]
    journal = first.startswith("{") and '"op_code"' in first and '"worker_id"' in first
    return "its lines have an op_code and a worker_id, as a journal of optuna" if journal else ""


def read_optuna(path: Path, choices: Choices) -> list[ForeignRun]:
    """The trials of the studies of a file: intermediate values by step, and the value at the end one step after."""
    notes: list[str] = []
    trials = _in_journal(path, notes) if Look(path).raw.startswith(b"{") else _in_tables(path)
    found = [run for trial in trials for run in _runs(path, trial, choices, notes)]
    if not found:
        raise bad_input(path, "", "holds no trial with a value")
    return found


def _runs(path: Path, trial: _Trial, choices: Choices, notes: Iterable[str]) -> list[ForeignRun]:
    place = f"trial {trial.number}"
    steps = sorted(trial.steps.items(), key=lambda told: told[0] if isinstance(told[0], int) else 0)
    rows: list[Row] = [(place, {"step": step, OBJECTIVE: value}) for step, value in steps]
    last = max((step for step in trial.steps if isinstance(step, int)), default=0)
    # Optuna takes the last value that a pruned trial has reported for its value at the end, which is none of its own.
    ends = trial.ends if not (trial.state == "pruned" and trial.steps) else []
    rows += [(place, {"step": last + 1, OBJECTIVE + (f"_{at}" if at else ""): value}) for at, value in enumerate(ends)]
    if not rows:
        return []
    runs = runs_of_rows(Source(path, "optuna", f"{trial.study}-{trial.number}"), rows, choices, notes)
    return [with_settings(run, {**trial.params, "state": trial.state}) for run in runs]


def _in_tables(path: Path) -> list[_Trial]:
    with asked(path) as base:
        trials: Rows = base.execute(
            "SELECT t.trial_id, t.number, s.study_name, t.state FROM trials t JOIN studies s USING (study_id) ORDER BY t.trial_id"
        ).fetchall()
        steps: Rows = base.execute(
            "SELECT trial_id, step, intermediate_value, intermediate_value_type FROM trial_intermediate_values ORDER BY step"
        ).fetchall()
        ends: Rows = base.execute(
            "SELECT trial_id, value, value_type FROM trial_values ORDER BY trial_id, objective"
        ).fetchall()
        params: Rows = base.execute(
            "SELECT trial_id, param_name, param_value, distribution_json FROM trial_params"
        ).fetchall()
    found = {owner: _Trial(study, number, str(state).lower()) for owner, number, study, state in trials}
    for owner, step, value, kind in steps:
        if owner in found:
            found[owner].steps[step] = _infinite(value, kind)
    for owner, value, kind in ends:
        if owner in found:
            found[owner].ends.append(_infinite(value, kind))
    for owner, name, value, told in params:
        if owner in found:
            found[owner].params[str(name)] = _parameter(value, told)
    return list(found.values())


def _in_journal(path: Path, notes: list[str]) -> list[_Trial]:
    """The trials that the operations of a journal make. A last line that was cut short is left out and noted."""
    journal = _Journal()
    lines = path.read_bytes().split(b"\n")
    if lines[-1].strip():
        notes.append(f"line {len(lines)} was cut short; it is left out")
    for number, raw in enumerate(lines[:-1], start=1):
        if not raw.strip():
            continue
        try:
            journal.apply(json_object(raw))
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            raise bad_input(path, f"line {number}", "is no operation of a journal of optuna") from None
    return journal.kept()


class _Journal:
    """What the operations have made so far; ids of studies and trials count from 0."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.deleted: set[int] = set()
        self.trials: list[tuple[int, _Trial]] = []
        self._numbers: Counter[int] = Counter()

    def apply(self, told: Mapping[str, Any]) -> None:
        """Take one operation; of those on a trial that has ended, or on a study that is there, nothing comes."""
        if told.get("study_id", 0) < 0 or told.get("trial_id", 0) < 0:
            raise ValueError("a negative id")
        match told["op_code"]:
            case _Operation.CREATE_STUDY if told["study_name"] not in self._present():
                self.names.append(str(told["study_name"]))
            case _Operation.DELETE_STUDY:
                self.deleted.add(told["study_id"])
            case _Operation.CREATE_TRIAL:
                self._create_trial(told)
            case (
                _Operation.SET_TRIAL_PARAM | _Operation.SET_TRIAL_STATE_VALUES | _Operation.SET_TRIAL_INTERMEDIATE_VALUE
            ):
                _, trial = self.trials[told["trial_id"]]
                if trial.state in ("running", "waiting"):
                    _change(trial, told)

    def kept(self) -> list[_Trial]:
        """The trials of studies that were not deleted."""
        return [trial for study, trial in self.trials if study not in self.deleted]

    def _present(self) -> set[str]:
        return {name for study, name in enumerate(self.names) if study not in self.deleted}

    def _create_trial(self, told: Mapping[str, Any]) -> None:
        study = told["study_id"]
        trial = _Trial(self.names[study], self._numbers[study], _STATES[told.get("state", 0)])
        self._numbers[study] += 1
        for name, value in (told.get("params") or {}).items():
            trial.params[name] = _parameter(value, (told.get("distributions") or {}).get(name))
        for step, value in (told.get("intermediate_values") or {}).items():
            trial.steps[int(step)] = value
        trial.ends = list(told.get("values") or ([] if told.get("value") is None else [told["value"]]))
        self.trials.append((study, trial))


def _change(trial: _Trial, told: Mapping[str, Any]) -> None:
    match told["op_code"]:
        case _Operation.SET_TRIAL_PARAM:
            trial.params[told["param_name"]] = _parameter(told["param_value_internal"], told["distribution"])
        case _Operation.SET_TRIAL_STATE_VALUES:
            trial.state = _STATES[told["state"]]
            trial.ends = list(told["values"]) if told["values"] is not None else trial.ends
        case _Operation.SET_TRIAL_INTERMEDIATE_VALUE:
            trial.steps[told["step"]] = told["intermediate_value"]


def _infinite(value: Any, kind: Any) -> Any:
    return {"INF_POS": float("inf"), "INF_NEG": float("-inf"), "NAN": float("nan")}.get(str(kind), value)


def _parameter(value: Any, distribution: Any) -> Any:
    """The value of a parameter; of a categorical one, its place among the choices is told, of an integer one a float."""
    try:
        tree = json.loads(distribution)
        choices = tree["attributes"].get("choices")
        if choices is not None:
            return choices[int(value)]
        return int(value) if "Int" in tree["name"] and value == int(value) else value
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OverflowError):
        return value
