"""Runs that were killed or out of memory are tried again: so often, not at once, and never against the user's will."""

import errno
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.runfiles.jsonfile import write_file
from moetui.core.machine import control, retries
from moetui.core.machine.devices import CPU, Device
from moetui.core.queue import edit, queueing, resuming
from moetui.core.queue.dispatch import Dispatcher
from moetui.core.runs.detail import detail
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.core.queue.by_hand import go_on, launch_of, queued, status

Behave = Callable[[str], None]


@pytest.fixture(autouse=True)
def _at_once(by_hand: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next try is due at once."""
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.0)


def test_a_killed_run_is_tried_again_so_often_and_not_once_more(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("die")
    run = queued(lab, 2)
    go_on(Dispatcher(lab))
    ended = lab.find(run.id)
    assert (ended.status, ended.reason, ended.retried, ended.due) == ("killed", "killed by SIGKILL", 2, None)
    assert lab.run_dir(run).metrics_file.read_text().count("train_loss") == 3
    assert "retries     2 of 2" in list(detail(lab, ended).lines())


def test_a_run_without_retries_stays_what_it_is(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("die")
    run = queued(lab, 0)
    go_on(Dispatcher(lab))
    assert (lab.find(run.id).status, lab.find(run.id).retried) == ("killed", None)


def test_the_next_try_waits_and_outlives_the_dispatcher(
    lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 1000.0)
    fake_engine("die")
    run = queued(lab, 1)
    go_on(Dispatcher(lab), lambda: "SIGKILL" in lab.see(run).reason)
    fake_engine("finish")
    other = queued(lab, 0)
    go_on(Dispatcher(lab), lambda: not lab.see(other).pending)  # nothing stands in the way of others
    now = lab.see(lab.find(run.id))
    assert now.status == "queued"
    assert now.reason.startswith("retry 1 of 1 at ")
    assert now.reason.endswith("killed (killed by SIGKILL)")
    assert now.due is not None
    assert now.due > time.time() + 500
    (waits,) = queueing.waiting(lab, lab.snapshot(dispatch=False), [Device(CPU, "CPU")])
    assert waits.reason == now.reason
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.0)
    go_on(Dispatcher(lab))
    assert (lab.find(run.id).status, lab.find(run.id).retried) == ("finished", 1)


def test_the_pause_doubles_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [retries.pause(number) for number in (1, 2, 3, 7, 1000)] == [15, 30, 60, 600, 600]


def test_out_of_memory_halves_the_sequences_at_once(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("memory")
    run = queued(lab, 5)
    batch = lab.run_dir(run).config().config.training.batch_size
    go_on(Dispatcher(lab))
    ended = lab.find(run.id)
    launch = launch_of(lab, run)
    assert ended.status == "finished"
    assert launch.at_once is not None
    assert launch.at_once <= 4 < 2 * launch.at_once + 1
    assert batch / 2 ** (ended.retried or 0) == launch.at_once
    assert lab.run_dir(run).config().config.training.batch_size == batch


def test_a_fault_of_the_program_is_not_tried_again(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("crash")
    run = queued(lab, 3)
    go_on(Dispatcher(lab))
    assert (lab.find(run.id).status, lab.find(run.id).retried) == ("failed", None)


@pytest.mark.parametrize("full", [False, True])
def test_what_a_user_kills_stays_dead(
    lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    fake_engine("deaf")
    run = queued(lab, 3)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: status(lab, run) == "running")
    if full:

        def refuse(path: Path, value: object, **more: Any) -> None:
            raise OSError(errno.ENOSPC, "no room", str(path))

        monkeypatch.setattr(control, "write_file", refuse)
        lab.run_dir(run).reserve_file.write_bytes(bytes(4096))
    edit.stop(lab, run, force=True)
    go_on(dispatcher)
    assert (lab.find(run.id).status, lab.find(run.id).retried) == ("killed", None)


def test_a_run_is_killed_even_if_that_cannot_be_written_down(
    lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_engine("deaf")
    run = queued(lab, 3)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: status(lab, run) == "running")
    trainer = launch_of(lab, run).pid

    def refuse(path: Path, value: object, **more: Any) -> None:
        raise OSError(errno.EROFS, "read-only", str(path))

    monkeypatch.setattr(control, "write_file", refuse)
    with pytest.raises(OSError, match="read-only"):
        edit.stop(lab, run, force=True)
    assert not psutil.pid_exists(trainer) or psutil.Process(trainer).status() == psutil.STATUS_ZOMBIE


def test_a_stop_ends_the_waiting_for_the_next_try(
    lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 1000.0)
    fake_engine("die")
    run = queued(lab, 3)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: lab.see(run).due is not None)
    assert edit.stop(lab, run).status == "killed"
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.0)
    go_on(dispatcher)
    assert (lab.find(run.id).status, lab.find(run.id).retried) == ("killed", None)


def test_a_resume_that_is_taken_back_leaves_the_users_stop_in_force(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("deaf")
    run = queued(lab, 3)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: status(lab, run) == "running")
    edit.stop(lab, run, force=True)
    go_on(dispatcher)
    resuming.resume(lab, lab.find(run.id))
    assert edit.stop(lab, lab.find(run.id)).status == "killed"
    go_on(Dispatcher(lab))
    assert status(lab, run) == "killed"


def test_a_run_that_is_resumed_has_all_its_retries_again(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("die")
    run = queued(lab, 1)
    go_on(Dispatcher(lab))
    resuming.resume(lab, lab.find(run.id))
    go_on(Dispatcher(lab), lambda: launch_of(lab, run).retry == 0)
    go_on(Dispatcher(lab))
    assert (lab.find(run.id).status, lab.find(run.id).retried) == ("killed", 1)


def test_a_launch_that_came_to_nothing_is_no_try(
    lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 1000.0)
    fake_engine("die")
    run = queued(lab, 1)
    go_on(Dispatcher(lab), lambda: lab.see(run).due is not None)
    directory = lab.run_dir(run)
    entry = launch_of(lab, run).model_copy(update={"pid": 0, "exit_code": None, "retry": 1, "token": "b" * 32})
    write_file(directory.launch_file, entry.model_copy(update={"started": time.time() + 5}))
    assert status(lab, run) == "queued"
    fake_engine("finish")
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.0)
    go_on(Dispatcher(lab))
    assert (lab.find(run.id).status, lab.find(run.id).retried) == ("finished", 1)


def test_in_a_copy_of_the_workspace_nothing_is_tried_again(
    lab: Lab, fake_engine: Behave, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 1000.0)
    fake_engine("hold")
    run = queued(lab, 3)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: status(lab, run) == "running")
    os.kill(launch_of(lab, run).pid, signal.SIGKILL)
    go_on(dispatcher, lambda: lab.see(run).due is not None)
    shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))
    assert Lab(Workspace(tmp_path / "copy")).snapshot(dispatch=False).statuses[run.id] == "held"
    assert lab.snapshot(dispatch=False).statuses[run.id] == "queued"
