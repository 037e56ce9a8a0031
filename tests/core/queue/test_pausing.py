"""A paused run holds no device, is not picked up, and goes on in its turn."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from moetui.core.errors import LabError
from moetui.core.queue import edit, pausing, queueing, resuming
from moetui.core.queue.dispatch import Dispatcher
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.core.queue.by_hand import go_on, launch_of, queued, status

Behave = Callable[[str], None]

pytestmark = pytest.mark.usefixtures("by_hand")


def test_a_paused_run_gives_its_device_to_the_next_and_goes_on_in_its_turn(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    first, second, third = queued(lab), queued(lab), queued(lab)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: status(lab, first) == "running")
    assert pausing.pause(lab, first).status in ("stopping", "paused")
    go_on(dispatcher, lambda: status(lab, second) == "running")
    now = lab.see(lab.find(first.id))
    assert now.status == "paused"
    assert now.reason == "until it is released"
    assert now.pending
    assert [run.id for run in queueing.in_order(lab.snapshot(dispatch=False).runs)] == [first.id, third.id]
    fake_engine("finish")
    assert pausing.release(lab, now).status == "queued"
    edit.stop(lab, lab.find(second.id))
    go_on(dispatcher)
    ended = [lab.find(run.id) for run in (first, third)]
    assert [run.status for run in ended] == ["finished", "finished"]
    assert (ended[0].started or 0.0) < (ended[1].started or 0.0)


def test_nobody_picks_a_paused_run_up(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    run = queued(lab, 3)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: status(lab, run) == "running")
    pausing.pause(lab, run)
    go_on(dispatcher)  # it ends, as nothing is queued
    go_on(Dispatcher(lab))
    assert status(lab, run) == "paused"
    with pytest.raises(LabError, match="is paused"):
        queueing.hold(lab, run)
    with pytest.raises(LabError, match="is paused"):
        pausing.pause(lab, run)


def test_one_that_is_killed_while_it_pauses_is_paused_and_not_tried_again(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("deaf")
    run = queued(lab, 3)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: status(lab, run) == "running")
    assert pausing.pause(lab, run).status == "stopping"
    os.kill(launch_of(lab, run).pid, signal.SIGKILL)
    go_on(dispatcher)
    assert status(lab, run) == "paused"


def test_a_stop_of_one_that_pauses_or_is_paused_is_a_stop_and_kills_nothing(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("deaf")
    run = queued(lab)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: status(lab, run) == "running")
    pausing.pause(lab, run)
    edit.stop(lab, run)
    assert status(lab, run) == "stopping"  # it is alive
    os.kill(launch_of(lab, run).pid, signal.SIGKILL)
    go_on(dispatcher)
    assert status(lab, run) == "killed"
    fake_engine("hold")
    other = queued(lab)
    go_on(dispatcher, lambda: status(lab, other) == "running")
    pausing.pause(lab, other)
    go_on(dispatcher)
    assert edit.stop(lab, other).status == "stopped"
    assert edit.delete(lab, other).deleted


def test_a_release_that_fails_leaves_the_run_paused(
    lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_engine("hold")
    run = queued(lab)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: status(lab, run) == "running")
    pausing.pause(lab, run)
    go_on(dispatcher)

    def refuse(*arguments: object) -> None:
        raise LabError("no room")

    monkeypatch.setattr(resuming, "write_labels", refuse)  # the last step
    with pytest.raises(LabError, match="no room"):
        pausing.release(lab, lab.find(run.id))
    assert status(lab, run) == "paused"


def test_in_a_copy_of_the_workspace_a_paused_run_waits_as_well(lab: Lab, fake_engine: Behave, tmp_path: Path) -> None:
    fake_engine("hold")
    run = queued(lab)
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: status(lab, run) == "running")
    pausing.pause(lab, run)
    go_on(dispatcher)
    shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))
    copy = Lab(Workspace(tmp_path / "copy"))
    fake_engine("finish")
    pausing.release(copy, copy.find(run.id))
    go_on(Dispatcher(copy))
    assert (status(copy, run), status(lab, run)) == ("finished", "paused")


@pytest.mark.parametrize(("behaviour", "message"), [("waits", "queue hold"), ("finish", "has ended already: finished")])
def test_what_does_not_train_cannot_be_paused(lab: Lab, fake_engine: Behave, behaviour: str, message: str) -> None:
    run = queued(lab)
    if behaviour == "finish":
        go_on(Dispatcher(lab))
    with pytest.raises(LabError, match=message):
        pausing.pause(lab, lab.find(run.id))
