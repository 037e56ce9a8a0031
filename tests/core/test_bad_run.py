"""One run whose files are odd stops neither the commands on the others nor the dispatcher."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runfiles.host import boot_id, hostname
from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import share_procs_lock
from engine.runfiles.rundir import Launch, RunDir
from moetui.core.maintenance.orphans import find
from moetui.core.maintenance.reindex import reindex
from moetui.core.runs.lab import Lab
from moetui.core.runs.status import observe
from tests.conftest import eventually
from tests.core.queue.test_dispatch import queue, status
from tests.tui.lab_on_disk import die, end_run, launch_entry, write_run

FILES = (
    "state.json",
    "launch.json",
    "queue.json",
    "request.json",
    "result.json",
    "metrics.jsonl",
    "log.txt",
    "labels.json",
)


def died(run: RunDir, code: int) -> str:
    entry = Launch(pid=1, started=1.0, host=hostname(), boot_id=boot_id(), device="cpu", token="t", exit_code=code)
    write_file(run.launch_file, entry)
    return observe(run).reason


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (-9, "SIGKILL"),
        (-40, "signal 40"),
        (-35, "signal 35"),
        (-1000, "signal 1000"),
        (3, "exit code 3"),
        (10**9, "exit code"),
    ],
)
def test_any_exit_code_is_told(lab: Lab, code: int, word: str) -> None:
    assert word in died(lab.run_dir(write_run(lab, "odd")), code)


@pytest.mark.parametrize("name", [*FILES, "config.json", "run.lock", "procs.lock", "checkpoints"])
@pytest.mark.parametrize("queued", [True, False])
def test_a_directory_in_the_place_of_a_file_stops_no_look_at_the_others(lab: Lab, name: str, queued: bool) -> None:
    record = write_run(lab, "odd")
    if not queued:
        write_file(lab.run_dir(record).launch_file, launch_entry(1.0))
    end_run(lab, write_run(lab, "good"))
    path = lab.run_dir(record).path / name
    path.unlink(missing_ok=True)
    path.mkdir()
    seen = lab.snapshot(dispatch=False).statuses
    assert seen["good"] == "finished"
    assert seen["odd"] in ("queued", "killed", "failed", "lost")
    find(lab)
    assert reindex(lab).runs >= 1


@pytest.mark.parametrize("name", ["state.json", "launch.json", "request.json"])
def test_a_run_that_lives_is_not_taken_for_failed_because_of_a_file(lab: Lab, name: str) -> None:
    run = lab.run_dir(write_run(lab, "odd"))
    write_file(run.launch_file, launch_entry(1.0))
    (run.path / name).unlink(missing_ok=True)
    (run.path / name).mkdir()
    share_procs_lock(Path(run.procs_lock))  # goes with this process
    seen = observe(run)
    assert seen.status == "stalled"
    assert name in seen.reason


def test_a_queued_run_whose_directory_is_gone_is_lost(lab: Lab) -> None:
    record = write_run(lab, "gone")
    shutil.rmtree(lab.run_dir(record).path)
    seen = lab.see(record)
    assert seen.status == "lost"
    assert "is gone" in seen.reason


def test_a_disk_that_is_not_there_loses_no_run(lab: Lab) -> None:
    record = die(lab, write_run(lab, "away"), update=3)
    lab.catalogue.change(record.id, status="running")
    lab.workspace.runs.rename(lab.workspace.root / "elsewhere")
    assert lab.snapshot(dispatch=False).statuses["away"] == "stalled"


def test_the_dispatcher_goes_on_with_the_others(lab: Lab, fake_engine: Callable[[str], None]) -> None:
    fake_engine("finish")
    for name in ("queue.json", "state.json", "config.json"):
        bad = lab.run_dir(write_run(lab, f"bad-{name}")).path / name
        bad.unlink(missing_ok=True)
        bad.mkdir()
    shutil.rmtree(lab.run_dir(write_run(lab, "vanished")).path)
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "finished", seconds=60)
    eventually(lambda: not lab.dispatching(), seconds=60)
    assert lab.workspace.dispatcher_log.read_text().count("refused bad") <= 3
    assert "Traceback" not in lab.workspace.dispatcher_log.read_text()
    assert not lab.snapshot().pending
