"""A disk that is full while a run trains: on a file system of its own, with the real engine."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.runfiles.fulldisk import log_that_may_be_full
from engine.runfiles.metrics import MetricsReader
from engine.runfiles.rundir import RunDir
from moetui.core.queue.dispatch import Dispatcher
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.conftest import eventually
from tests.engine.tiny import make_run, start, tiny_config, train, with_python, write_corpus
from tests.tui.lab_on_disk import write_run

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if not sys.platform.startswith("linux") or os.geteuid() or subprocess.run(mounting, check=False).returncode:
        pytest.skip("needs Linux, and the right to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(disk: Path) -> Path:
    """Leave no free byte."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 64, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


def message(run: RunDir) -> str:
    state = run.state()
    return state.message if state else ""


@pytest.fixture
def training(disk: Path, tmp_path: Path) -> Iterator[tuple[RunDir, "subprocess.Popen[str]"]]:
    """A run that trains, on a disk that is then filled to the last byte."""
    settings = {"training.updates": 100000, "training.checkpoint_updates": 20, "evaluation.every": 50000}
    run = make_run(disk / "run", tiny_config(write_corpus(tmp_path / "corpus.jsonl"), settings))
    process = start(run, XDG_CACHE_HOME=str(tmp_path / "cache"))
    eventually(lambda: (state := run.state()) is not None and state.update > 40)
    fill(disk)
    eventually(lambda: "disk full" in message(run) and "memory" in message(run))
    yield run, process
    process.kill()
    process.communicate()


def test_a_run_outlives_a_full_disk_and_loses_no_measurement(
    training: tuple[RunDir, "subprocess.Popen[str]"], disk: Path
) -> None:
    run, process = training
    before = run.state()
    assert before is not None
    eventually(lambda: (state := run.state()) is not None and state.update > before.update + 100)
    (disk / "ballast").unlink()
    eventually(lambda: message(run) == "")
    process.terminate()
    process.communicate(timeout=100)
    result = run.result()
    assert result is not None
    assert (result.status, result.reason) == ("stopped", "")
    updates = [record["update"] for record in MetricsReader(run.metrics_file).read()]
    every = run.config().config.training.log_every
    assert sorted(set(updates) | {0}) == sorted({0, *range(every, result.update + 1, every), result.update})
    assert (run.checkpoints / "last" / "checkpoint.json").exists()


def test_a_stop_needs_no_free_byte(training: tuple[RunDir, "subprocess.Popen[str]"]) -> None:
    run, process = training
    process.terminate()
    process.communicate(timeout=100)
    result = run.result()
    assert result is not None
    assert result.status == "stopped"
    assert "disk full" in result.reason
    assert json.loads(run.result_file.read_bytes())["update"] == result.update


def test_the_dispatcher_waits_for_room(disk: Path, fake_engine: object) -> None:
    lab = Lab(Workspace(disk))
    write_run(lab, "waits", updates=2)
    ballast = fill(disk)
    dispatcher = Dispatcher(lab)
    for _ in range(3):
        dispatcher.step()
        assert lab.see(lab.find("waits")).status == "queued"
    ballast.unlink()
    deadline = time.monotonic() + 60
    while dispatcher.step() is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lab.find("waits").status == "finished"


LIMIT = """
import resource, sys
if sys.argv[0] == "-m":
    resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
"""


@pytest.mark.parametrize(
    ("name", "size"), [("checkpoint", 40_000), pytest.param("metrics", 1_000_000, marks=pytest.mark.long)]
)
def test_a_limit_on_the_size_of_files_is_named_and_ends_the_run_cleanly(tmp_path: Path, name: str, size: int) -> None:
    settings = {"training.updates": 6, "training.checkpoint_updates": 2, "training.log_every": 1}
    config = tiny_config(write_corpus(tmp_path / "corpus.jsonl"), settings)
    assert train(make_run(tmp_path / "first", config))[0] == 0  # fills the cache
    run = make_run(tmp_path / name, config)
    if name == "metrics":
        run.metrics_file.write_bytes(b" " * (size - 500) + b"\n")
    code, output = train(run, **with_python(LIMIT.format(size=size), tmp_path / "site"))
    result = run.result()
    assert result is not None
    assert (code, result.status) == (1, "failed"), output
    assert "ulimit -f" in result.reason
    assert result.traceback == ""
    assert "Traceback" not in output
    assert 0 < result.update <= 6
    code, output = train(run)
    assert code == 0, output
    again = run.result()
    assert again is not None
    assert (again.status, again.update) == ("finished", 6)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_log_that_takes_nothing_more_ends_nothing(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, raw: bytes) -> int:
        raise OSError(code, os.strerror(code))

    with (
        log_that_may_be_full(sys.__stdout__ or sys.stdout, sys.__stderr__ or sys.stderr),
        monkeypatch.context() as patch,
    ):
        patch.setattr(os, "write", refuse)
        print("nobody hears this")
