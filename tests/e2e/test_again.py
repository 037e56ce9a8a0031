"""Killing, resuming and forking runs that really train, through the queue."""

import shutil
import signal
from pathlib import Path

import pytest

from engine.runfiles.history import read_records
from engine.runfiles.locks import run_lock_holder
from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import UsageError
from moetui.core.machine import control
from moetui.core.planning.plan import PlannedRun
from moetui.core.queue import resuming
from moetui.core.queue.enqueue import enqueue
from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.engine.tiny import tiny_config, write_corpus

pytestmark = pytest.mark.slow

SETTINGS = {"training.updates": 60, "training.checkpoint_updates": 5, "evaluation.every": 10, "model.dropout": 0.1}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tiny_config(write_corpus(tmp_path / "corpus.jsonl"), SETTINGS)


def status(lab: Lab, record: RunRecord) -> str:
    return next(run.status for run in lab.snapshot().runs if run.id == record.id)


def ended(lab: Lab) -> bool:
    return not lab.snapshot().pending and not lab.dispatching()


def test_a_killed_run_shows_as_killed_goes_on_and_can_be_forked(lab: Lab, config: RunConfig) -> None:
    (record,) = enqueue(lab, [PlannedRun(name="tiny", preset="", study="", point={}, config=config)])
    run = lab.run_dir(record)
    eventually(lambda: (run.checkpoints / "last" / "checkpoint.json").exists(), what="a checkpoint is written")
    assert run_lock_holder(run.run_lock) is not None
    assert control.signal_trainer(run, signal.SIGKILL)
    eventually(lambda: ended(lab))
    killed = lab.find(record.id)
    assert killed.status == "killed"
    assert killed.reason == "killed by SIGKILL"
    assert 0 < killed.update < 60

    resuming.resume(lab, killed)
    eventually(lambda: ended(lab))
    done = lab.find(record.id)
    assert done.status == "finished"
    assert done.update == 60
    updates = [row["update"] for row in read_records(run.metrics_file) if "train_loss" in row]
    assert updates == list(range(1, 61))
    assert done.best is not None

    with pytest.raises(UsageError, match="do not fit"):
        resuming.fork(lab, done, {"model.n_experts": 2})
    fork = resuming.fork(lab, done, {"optimizer.lr": 0.001, "training.updates": 3})
    eventually(lambda: ended(lab))
    assert status(lab, fork) == "finished"
    first = read_records(lab.run_dir(fork).metrics_file)[0]
    assert first["update"] == 0
    assert first["val_loss"] == done.best.val_loss


def test_a_stopped_run_whose_text_is_gone_stays_stopped_and_says_why(
    lab: Lab, config: RunConfig, tmp_path: Path
) -> None:
    (record,) = enqueue(lab, [PlannedRun(name="tiny", preset="", study="", point={}, config=config)])
    run = lab.run_dir(record)
    eventually(lambda: (run.checkpoints / "last" / "checkpoint.json").exists(), what="a checkpoint is written")
    assert control.signal_trainer(run, signal.SIGTERM)
    eventually(lambda: ended(lab))
    stopped = lab.find(record.id)
    assert stopped.status == "stopped"

    (tmp_path / "corpus.jsonl").unlink()
    shutil.rmtree(tmp_path / "cache")
    resuming.resume(lab, stopped)
    eventually(lambda: ended(lab))
    still = lab.find(record.id)
    assert (still.status, still.update) == ("stopped", stopped.update)
    assert "could not go on: data.files: nothing matches" in still.reason
