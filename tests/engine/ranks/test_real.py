"""Real ranks under the supervisor and under torchrun: stopped, killed, and gone on with on another number of devices."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.runfiles.history import read_records
from engine.runfiles.rundir import RunDir
from engine.spec.config import RunConfig
from tests.conftest import eventually
from tests.engine.tiny import make_run, start, tiny_config, train, with_python, write_corpus

pytestmark = pytest.mark.slow

SETTINGS: dict[str, Any] = {
    "training.updates": 40,
    "training.accumulation": 2,
    "training.batch_size": 2,
    "training.checkpoint_updates": 4,
    "evaluation.every": 10,
    "model.dropout": 0.1,
    "model.router_noise": 0.2,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("ranks")
    write_corpus(place / "corpus.jsonl")
    return place


@pytest.fixture(scope="module")
def config(place: Path) -> RunConfig:
    return tiny_config(place / "corpus.jsonl", SETTINGS)


@pytest.fixture(scope="module")
def on_one(place: Path, config: RunConfig) -> RunDir:
    run = make_run(place / "one", config)
    code, output = train(run)
    assert code == 0, output
    return run


def losses(run: RunDir) -> dict[tuple[int, str], float]:
    """The newest word of each update."""
    records = read_records(run.metrics_file)
    return {(r["update"], key): r[key] for r in records for key in ("train_loss", "val_loss") if key in r}


def assert_same_losses(run: RunDir, on_one: RunDir) -> None:
    found, expected = losses(run), losses(on_one)
    assert found.keys() == expected.keys()
    assert found == {key: pytest.approx(value, rel=1e-4) for key, value in expected.items()}


def ranks_of(process: "subprocess.Popen[str]") -> dict[int, psutil.Process]:
    return {int(child.environ()["RANK"]): child for child in psutil.Process(process.pid).children()}


def reached(run: RunDir, update: int) -> bool:
    return any(record["update"] >= update for record in read_records(run.metrics_file))


# Slow enough that a signal meets it in the middle.
SLOW = """
import os, time
if "RANK" in os.environ:
    from engine.training.update import Updater
    run = Updater.run
    def slow(self, update, lr):
        time.sleep(0.05)
        return run(self, update, lr)
    Updater.run = slow
"""


@pytest.mark.parametrize("victim", [pytest.param(0, marks=pytest.mark.long), 1])
def test_a_run_that_loses_a_rank_goes_on_on_one_device(
    place: Path, config: RunConfig, on_one: RunDir, tmp_path: Path, victim: int
) -> None:
    run = make_run(place / f"killed-{victim}", config, devices=2)
    process = start(run, **with_python(SLOW, tmp_path / "site"))
    eventually(lambda: reached(run, 12), seconds=60)
    ranks_of(process)[victim].kill()
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    result = run.result()
    assert result is not None
    assert result.status == "failed"
    assert f"rank {victim} of 2" in result.reason
    assert "was killed by SIGKILL at update" in result.reason
    assert result.update >= 12
    make_run(run.path, config, devices=1)
    code, output = train(run)
    assert code == 0, output
    assert "goes on after update" in output
    assert_same_losses(run, on_one)


@pytest.mark.long
def test_a_stop_is_agreed_on_and_two_devices_go_on(
    place: Path, config: RunConfig, on_one: RunDir, tmp_path: Path
) -> None:
    run = make_run(place / "stopped", config, devices=2)
    process = start(run, **with_python(SLOW, tmp_path / "site"))
    eventually(lambda: reached(run, 12), seconds=60)
    ranks_of(process)[1].send_signal(signal.SIGTERM)  # to one of them alone
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    result = run.result()
    assert result is not None
    assert result.status == "stopped"
    assert result.update == max(r["update"] for r in read_records(run.metrics_file)) < 40
    code, output = train(run)
    assert code == 0, output
    assert f"session 2 goes on after update {result.update}" in output
    assert_same_losses(run, on_one)


@pytest.mark.long
def test_ranks_that_torchrun_starts_train_the_run(place: Path, config: RunConfig, on_one: RunDir) -> None:
    run = make_run(place / "torchrun", config)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torchrun = [
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-addr",
        "127.0.0.1",
        "--master-port",
        str(port),
    ]
    done = subprocess.run(
        [sys.executable, *torchrun, "-m", "engine", str(run.path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(place / "cache"), "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    result = run.result()
    assert result is not None
    assert result.status == "finished"
    assert_same_losses(run, on_one)


def test_more_devices_than_micro_batches_are_refused_in_a_line(place: Path, config: RunConfig) -> None:
    code, output = train(make_run(place / "many", config, devices=3))
    assert code == 2
    assert len(output.splitlines()) == 1
    assert "--set training.batch_size=1 --set training.accumulation=4" in output
