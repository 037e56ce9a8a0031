"""A launch is written down before its process begins; whoever dies or fails in between leaves no run that nobody knows."""

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import run_lock_holder
from engine.runfiles.rundir import Launch, Request, Result, RunDir
from moetui.core.catalogue.records import RunRecord
from moetui.core.machine import launcher
from moetui.core.machine.control import cancel_queued, kill, request_stop
from moetui.core.machine.launcher import LOG_BYTES, confirm, start_dispatcher
from moetui.core.maintenance import orphans
from moetui.core.maintenance.orphans import find, reconcile
from moetui.core.queue import edit
from moetui.core.runs.lab import Lab
from moetui.core.runs.status import observe
from tests.conftest import eventually
from tests.tui.lab_on_disk import launch_entry, start, write_run

Behave = Callable[[str], None]


def refuse(monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
    """Let the nth writing of launch.json fail."""
    calls = []

    def failing(path: Path, value: BaseModel, **options: Any) -> None:
        calls.append(path)
        if path.name == "launch.json" and len(calls) == nth:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        write_file(path, value, **options)

    monkeypatch.setattr(launcher, "write_file", failing)


@pytest.fixture
def unknown(lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch) -> RunRecord:
    """A run that trains, whose launcher could not write down the pid."""
    monkeypatch.setattr(orphans, "SETTLED", 0.0)
    fake_engine("hold")
    refuse(monkeypatch, 2)
    record = write_run(lab, "held")
    start(lab, record)
    monkeypatch.setattr(launcher, "write_file", write_file)
    eventually(lambda: observe(lab.run_dir(record)).status == "running")
    entry = lab.run_dir(record).launch()
    assert entry is not None
    assert entry.pid == 0
    return record


def test_a_launch_that_cannot_be_written_down_starts_nothing(
    lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, 1)
    record = write_run(lab, "none")
    with pytest.raises(OSError, match="launch"):
        start(lab, record)
    assert observe(lab.run_dir(record)).status == "queued"
    assert not lab.run_dir(record).log_file.read_text()


def test_a_launch_that_came_to_nothing_leaves_the_run_waiting(lab: Lab) -> None:
    run = lab.run_dir(write_run(lab, "waits"))
    write_file(run.launch_file, launch_entry(1.0).model_copy(update={"pid": 0}))
    assert observe(run).status == "queued"
    assert cancel_queued(run)


def test_so_it_is_with_one_that_was_to_go_on(lab: Lab) -> None:
    run = lab.run_dir(write_run(lab, "waits"))
    ended = launch_entry(1.0)
    write_file(run.result_file, Result(status="stopped", updates=9, ended=2.0, token=ended.token))
    write_file(run.request_file, Request(resume=True, asked=3.0, token=ended.token))
    write_file(run.launch_file, ended.model_copy(update={"pid": 0, "started": 4.0, "token": "next"}))
    assert observe(run).status == "queued"
    write_file(run.launch_file, ended.model_copy(update={"started": 4.0, "token": "next"}))
    assert observe(run).status == "killed"  # that one began, and answered the request
    assert cancel_queued(run) is False


def test_a_healthy_trainer_without_its_note_is_left_alone_and_adopted(lab: Lab, unknown: RunRecord) -> None:
    assert find(lab) == ()
    run = lab.run_dir(unknown)
    found = confirm(run)
    assert found is not None
    assert found.pid == run_lock_holder(run.run_lock)
    assert run.launch() == found
    assert confirm(run) is None


@pytest.mark.parametrize("left", ["{", None])
def test_a_trainer_whose_note_is_lost_proves_itself(lab: Lab, unknown: RunRecord, left: str | None) -> None:
    run = lab.run_dir(unknown)
    if left is None:
        run.launch_file.unlink()
    else:
        run.launch_file.write_text(left)
    assert reconcile(lab, find(lab)) == []
    assert run_lock_holder(run.run_lock) is not None
    if left is None:
        found = confirm(run)
        assert found is not None
        assert (found.pid, found.device) == (run_lock_holder(run.run_lock), "cpu")
    assert kill(run)


def test_it_is_stopped_by_a_signal(lab: Lab, unknown: RunRecord) -> None:
    request_stop(lab.run_dir(unknown), "enough")
    eventually(lambda: observe(lab.run_dir(unknown)).status == "stopped")
    assert observe(lab.run_dir(unknown)).reason == "enough"


def test_it_is_killed_by_force(lab: Lab, unknown: RunRecord) -> None:
    assert edit.stop(lab, unknown, force=True).status == "killed"


def test_a_stop_needs_no_free_byte(lab: Lab, unknown: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, value: BaseModel, **options: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr("moetui.core.machine.control.write_file", full)
    monkeypatch.setattr(launcher, "write_file", full)
    request_stop(lab.run_dir(unknown))
    eventually(lambda: observe(lab.run_dir(unknown)).status == "stopped")


def test_a_signal_reaches_no_process_that_merely_has_the_pid(lab: Lab) -> None:
    run = RunDir(lab.workspace.run_dir(write_run(lab, "gone").path))
    write_file(run.launch_file, Launch.model_validate(launch_entry(1.0).model_dump() | {"pid": os.getpid()}))
    from moetui.core.machine.control import signal_trainer

    assert signal_trainer(run, signal.SIGKILL) is False


def test_the_log_of_dispatchers_is_begun_anew_when_it_is_long(lab: Lab) -> None:
    log = lab.workspace.dispatcher_log
    log.parent.mkdir(parents=True)
    log.write_bytes(b"x" * LOG_BYTES)
    start_dispatcher(lab.workspace)
    assert log.with_name("dispatcher.log.1").stat().st_size == LOG_BYTES
    assert log.stat().st_size < LOG_BYTES
    eventually(lambda: log.stat().st_size and not lab.dispatching())
    start_dispatcher(lab.workspace)
    eventually(lambda: log.read_text().count("dispatcher ") >= 2, what="a short one goes on")
