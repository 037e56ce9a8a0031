"""Holding, releasing and moving runs that wait, as the dispatcher honours it, with real processes."""

import os
import shutil
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import run_lock_holder, share_procs_lock
from engine.runfiles.rundir import Request
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError, UsageError
from moetui.core.machine import control
from moetui.core.machine.devices import CPU, Device
from moetui.core.machine.launcher import launch
from moetui.core.maintenance.reindex import reindex
from moetui.core.queue import edit
from moetui.core.queue.dispatch import Dispatcher
from moetui.core.queue.queueing import hold, in_order, move, shift, waiting
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.conftest import eventually, kill_all_of
from tests.core.queue.test_dispatch import ended, queue, status, statuses
from tests.starters import start_no_dispatcher
from tests.tui.lab_on_disk import end_run, write_run

Behave = Callable[[str], None]
PROCESSOR = [Device(CPU, "CPU")]


def names(lab: Lab) -> list[str]:
    return [run.name for run in in_order(lab.snapshot(dispatch=False).runs)]


def reasons(lab: Lab) -> dict[str, str]:
    return {one.record.id: one.reason for one in waiting(lab, lab.snapshot(), PROCESSOR)}


def busy(lab: Lab, fake_engine: Behave, *rates: float) -> list[RunRecord]:
    """A run that trains until it is told to stop, and others behind it."""
    fake_engine("hold")
    runs = queue(lab, 1.0, *rates)
    eventually(lambda: status(lab, runs[0]) == "running")
    return runs


def test_a_held_run_is_passed_over_until_it_is_released(lab: Lab, fake_engine: Behave) -> None:
    first, second, third = busy(lab, fake_engine, 0.01, 0.02)
    assert hold(lab, second).status == "held"
    edit.stop(lab, first)
    eventually(lambda: statuses(lab, second, third) == ["held", "running"])
    edit.stop(lab, third)
    eventually(lambda: not lab.dispatching())  # a held run keeps no dispatcher at work
    assert lab.see(lab.find(second.id)).status == "held"
    hold(lab, second, held=False)
    eventually(lambda: status(lab, second) == "running")


def test_the_next_dispatcher_honours_order_and_hold_of_one_that_was_killed(lab: Lab, fake_engine: Behave) -> None:
    first, second, third, fourth = busy(lab, fake_engine, 0.01, 0.02, 0.03)
    hold(lab, second)
    move(lab, fourth, 1)
    dispatcher = run_lock_holder(lab.workspace.dispatcher_lock)
    assert dispatcher is not None
    os.kill(dispatcher, signal.SIGKILL)
    edit.stop(lab, first)
    eventually(lambda: status(lab, fourth) == "running")
    assert statuses(lab, second, third) == ["held", "queued"]


def test_order_and_hold_survive_the_loss_of_the_catalogue(lab: Lab, fake_engine: Behave) -> None:
    _, second, third, fourth = busy(lab, fake_engine, 0.01, 0.02, 0.03)
    hold(lab, third)
    move(lab, fourth, 1)
    before = names(lab)
    lab.workspace.runs_json.unlink()
    reindex(lab)
    assert names(lab) == before == [fourth.name, second.name, third.name]
    assert lab.see(lab.find(third.id)).status == "held"


def test_a_run_can_be_moved_to_any_place(lab: Lab, fake_engine: Behave) -> None:
    runs = busy(lab, fake_engine, 0.01, 0.02, 0.03, 0.04)[1:]
    a, b, c, d = (run.name for run in runs)
    assert [run.name for run in move(lab, runs[3], 2)] == [a, d, b, c]
    assert [run.name for run in move(lab, runs[0], 99)] == [d, b, c, a]
    assert [run.name for run in move(lab, runs[1], 2)] == [d, b, c, a]
    (later,) = queue(lab, 0.05)
    assert names(lab)[-1] == later.name
    with pytest.raises(UsageError, match="first place"):
        move(lab, runs[0], 0)


@pytest.mark.parametrize("apart", [0.0, 2e-7, 1.0])
def test_runs_that_were_created_at_one_moment_can_be_moved(lab: Lab, apart: float) -> None:
    made = {name: write_run(lab, name, created=1.8e9 + apart * number) for number, name in enumerate("abcd")}
    order = [run.id for run in in_order(lab.snapshot(dispatch=False).runs)]
    draw = Random(1)
    for _ in range(60):
        run, place = draw.choice(order), draw.randint(1, 5)
        order.remove(run)
        order.insert(place - 1, run)
        assert [one.id for one in move(lab, made[run], place)] == order


def test_steps_of_a_run_add_up_however_fast_they_come(lab: Lab, fake_engine: Behave) -> None:
    runs = busy(lab, fake_engine, 0.01, 0.02, 0.03, 0.04)[1:]
    a, b, c, d = (run.name for run in runs)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda step: shift(lab, runs[0], step), (1, 1, 1)))
    assert names(lab) == [b, c, d, a]
    assert [run.name for run in shift(lab, runs[0], 1)] == [b, c, d, a]
    assert [run.name for run in shift(lab, runs[0], -9)] == [a, b, c, d]


def test_each_waiting_run_is_told_what_it_waits_for(lab: Lab, fake_engine: Behave) -> None:
    first, second, third, fourth = busy(lab, fake_engine, 0.01, 0.02, 0.03)
    hold(lab, fourth)
    found = reasons(lab)
    assert found[second.id] == f"{first.name} to end"
    assert found[third.id] == "those before it, for the CPU"
    assert "released" in found[fourth.id]


def test_only_what_waits_can_be_held_or_moved(lab: Lab, fake_engine: Behave) -> None:
    first, second = busy(lab, fake_engine, 0.01)
    with pytest.raises(LabError, match="running"):
        hold(lab, first)
    with pytest.raises(LabError, match="running"):
        move(lab, first, 1)
    edit.stop(lab, second)
    with pytest.raises(LabError, match="stopped"):
        hold(lab, second)


def test_a_launcher_that_comes_just_after_the_hold_starts_nothing(lab: Lab, fake_engine: Behave) -> None:
    _, second = busy(lab, fake_engine, 0.01)
    hold(lab, second)
    run = lab.run_dir(second)
    with pytest.raises(BlockingIOError):
        launch(run, PROCESSOR[0], lab.workspace)
    assert run.launch() is None


def test_a_hold_that_meets_a_launcher_at_work_says_so(lab: Lab, fake_engine: Behave) -> None:
    _, second = busy(lab, fake_engine, 0.01)
    share = share_procs_lock(lab.run_dir(second).procs_lock)
    with pytest.raises(LabError, match="does not wait"):
        hold(lab, second)
    os.close(share)


def test_a_run_that_is_kept_from_starting_for_a_moment_waits_all_the_same(lab: Lab, fake_engine: Behave) -> None:
    _, second = busy(lab, fake_engine, 0.01)
    with control.before_start(lab.run_dir(second)) as waits:
        assert waits
        assert lab.see(second).status == "queued"


def test_nobody_overtakes_a_run_whose_place_is_just_being_changed(
    lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_no_dispatcher(monkeypatch)
    fake_engine("hold")
    first, second = queue(lab, 0.01, 0.02)
    dispatcher = Dispatcher(lab)
    with control.before_start(lab.run_dir(first)):
        dispatcher.step()
        assert statuses(lab, first, second) == ["queued", "queued"]
    dispatcher.step()
    eventually(lambda: statuses(lab, first, second) == ["running", "queued"])


def test_a_held_run_can_be_stopped_and_deleted(lab: Lab, fake_engine: Behave) -> None:
    first, second, third = busy(lab, fake_engine, 0.01, 0.02)
    for run in (second, third):
        hold(lab, run)
    assert edit.stop(lab, second).status == "stopped"
    assert edit.delete(lab, third).deleted
    edit.stop(lab, first)
    eventually(lambda: ended(lab))


def test_a_run_that_has_started_has_no_place_any_more(lab: Lab, fake_engine: Behave) -> None:
    first, second, third = busy(lab, fake_engine, 0.01, 0.02)
    move(lab, third, 1)
    edit.stop(lab, first)
    eventually(lambda: status(lab, third) == "running")
    assert not lab.run_dir(third).queue_file.exists()
    assert status(lab, second) == "queued"


def test_a_queue_that_came_with_a_repository_starts_nothing_until_it_is_released(
    lab: Lab, fake_engine: Behave, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = write_run(lab, "theirs")
    shutil.copytree(lab.workspace.root, clone := tmp_path_factory.mktemp("clone") / "workspace")
    cloned = Lab(Workspace(clone))
    (seen,) = cloned.snapshot().runs
    assert (seen.status, cloned.dispatching()) == ("held", False)
    assert f"moetui queue release {run.id}" in seen.reason
    queue(cloned, 0.05)  # what is queued here starts, and only that
    eventually(lambda: [one.status for one in cloned.snapshot().runs] == ["finished", "held"])
    hold(cloned, seen, held=False)
    eventually(lambda: status(cloned, seen) == "finished")
    kill_all_of(clone)


def test_so_it_is_with_a_run_that_was_asked_to_go_on(lab: Lab) -> None:
    run = end_run(lab, write_run(lab, "theirs"), "stopped", update=50)
    lab.run_dir(run).queue_file.unlink()
    write_file(lab.run_dir(run).request_file, Request(resume=True, asked=1.0, token="gone"))
    lab.catalogue.change("theirs", status="queued")
    (seen,) = lab.snapshot().runs
    assert (seen.status, lab.dispatching()) == ("held", False)
