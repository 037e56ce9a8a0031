"""A stop takes effect at whatever moment it is looked for: between updates, or in the middle of an evaluation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.runfiles.history import read_records
from engine.runfiles.rundir import RunDir
from engine.runfiles.saved import newest_progress
from engine.spec.config import RunConfig
from engine.training.loop import Trainer
from engine.training.reporter import Reporter
from engine.training.stopping import StopSwitch
from tests.engine.tiny import make_run, tiny_config, write_corpus

SETTINGS = {
    "training.updates": 6,
    "evaluation.every": 2,
    "evaluation.max_sequences": 12,
    "evaluation.patience": 3,
    "evaluation.min_delta": 0.002,
    "model.dropout": 0.1,
    "schedule.kind": "plateau",
    "schedule.plateau_patience": 1,
}
LOOKS = range(1, 20)


class Countdown(StopSwitch):
    """Says stop at the nth look and from then on."""

    def __init__(self, run: RunDir, looks: int | None) -> None:
        super().__init__(run, 0.0)
        self.left = looks

    def requested(self) -> bool:
        if self.left is None:
            return False
        self.left -= 1
        return self.left <= 0


def session(run: RunDir, config: RunConfig, looks: int | None) -> str:
    """One session, without a process of its own; its status."""
    progress = newest_progress(run)
    progress.session += 1
    report = Reporter(run, updates=config.training.updates, session=progress.session, started=0.0)
    return Trainer(run, config, progress, report, Countdown(run, looks)).train().status


def curves(run: RunDir) -> list[tuple[Any, ...]]:
    keys = ("train_loss", "val_loss", "lr")
    return sorted((r["update"], key, r[key]) for r in read_records(run.metrics_file) for key in keys if key in r)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunConfig]:
    place = tmp_path_factory.mktemp("anywhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        yield tiny_config(write_corpus(place / "corpus.jsonl"), SETTINGS)


@pytest.fixture(scope="module")
def uninterrupted(config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    run = make_run(tmp_path_factory.mktemp("whole") / "run", config)
    assert session(run, config, None) == "finished"
    assert {key for _, key, _ in curves(run)} == {"train_loss", "val_loss", "lr"}
    return run


@pytest.mark.parametrize("looks", LOOKS)
def test_a_run_stopped_at_any_look_goes_on_as_if_it_had_not_been(
    tmp_path: Path, config: RunConfig, uninterrupted: RunDir, looks: int
) -> None:
    run = make_run(tmp_path / "run", config)
    statuses = [session(run, config, looks)]
    torch.rand(3)  # somebody else draws in between
    statuses.append(session(run, config, None))
    assert statuses == ["stopped", "finished"]
    assert curves(run) == curves(uninterrupted)


def test_those_are_all_the_looks_of_a_run(tmp_path: Path, config: RunConfig) -> None:
    assert session(make_run(tmp_path / "run", config), config, LOOKS.stop) == "finished"
