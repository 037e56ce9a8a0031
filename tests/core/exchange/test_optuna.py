"""Studies of optuna, made by optuna itself in both of its storages: what its own study says is what is imported."""

import math
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from moetui.core.errors import UsageError
from moetui.core.exchange.foreign import ForeignRun
from moetui.core.exchange.reading import read_all

optuna.logging.set_verbosity(optuna.logging.ERROR)


def storage_of(path: Path) -> Any:
    return f"sqlite:///{path}" if path.suffix == ".db" else JournalStorage(JournalFileBackend(str(path)))


def objective(trial: optuna.Trial) -> float:
    trial.suggest_float("learning_rate", 1e-3, 1e-1, log=True)
    trial.suggest_int("seed", 1, 9)
    trial.suggest_categorical("kind", ["a", None, 2.5])
    for step in (30, 10, 20):
        trial.report([5.0 / step, math.inf, 4.0][trial.number % 3], step)
    if trial.number == 1:
        raise optuna.TrialPruned
    if trial.number == 2:
        raise RuntimeError("out of memory")
    return 3.25


@pytest.fixture(params=["study.db", "journal.log"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A storage with a deleted study, one with trials that ended in every way, and one of two objectives."""
    path: Path = tmp_path / request.param
    storage = storage_of(path)
    gone = optuna.create_study(storage=storage, study_name="search")
    gone.optimize(lambda trial: 7.0, n_trials=2)
    optuna.delete_study(study_name="search", storage=storage)
    study = optuna.create_study(storage=storage, study_name="search")
    study.optimize(objective, n_trials=4, catch=(RuntimeError,))
    study.enqueue_trial({"learning_rate": 0.01})
    optuna.create_study(storage=storage, study_name="two", directions=["minimize", "maximize"]).optimize(
        lambda trial: (1.5, 0.25), n_trials=1
    )
    return path


def objectives(run: ForeignRun, key: str = "objective") -> list[tuple[int, float]]:
    return [(record["update"], record[key]) for record in run.records if key in record]


def test_every_trial_with_a_value_is_a_run_as_its_study_tells_it(path: Path) -> None:
    study = optuna.load_study(study_name="search", storage=storage_of(path))
    found = {run.name: run for run in read_all([path]).runs}
    assert found.keys() == {"search-0", "search-1", "search-2", "search-3", "two-0"}
    for trial in study.trials[:4]:
        run = found[f"search-{trial.number}"]
        reported = sorted(trial.intermediate_values.items())
        end = [(31, trial.value)] if trial.state.name == "COMPLETE" else []
        assert objectives(run) == [*reported, *end]
        assert run.settings["optimizer.lr"] == trial.params["learning_rate"]
        assert run.settings["seed"] == trial.params["seed"]
        assert (run.facts["kind"], run.facts["state"]) == (trial.params["kind"], trial.state.name.lower())
    assert (objectives(found["two-0"]), objectives(found["two-0"], "objective_1")) == ([(1, 1.5)], [(1, 0.25)])


def test_a_journal_that_was_cut_short_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    optuna.create_study(storage=storage_of(path), study_name="s").optimize(objective, n_trials=1)
    raw = path.read_bytes()
    path.write_bytes(raw[:-40])
    (run,) = read_all([path]).runs
    assert [update for update, _ in objectives(run)] == [10, 20, 30]
    assert any("was cut short" in note for note in run.notes)
    path.write_bytes(raw.replace(b'"trial_id":0', b'"trial_id":9', 1))
    with pytest.raises(UsageError, match=r"journal\.log: line \d+: is no operation"):
        read_all([path])
