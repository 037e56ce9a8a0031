"""Where a run is decides what its locks mean: a host name is no identity, a heartbeat moves or falls silent."""

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from engine.runfiles.host import boot_id, hostname, machine_id, uptime
from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import share_procs_lock
from engine.runfiles.rundir import Launch, Request, Result, RunDir, State
from moetui.core.errors import LabError
from moetui.core.machine import whereabouts as module
from moetui.core.machine.devices import CPU, Device
from moetui.core.machine.whereabouts import LOST_SECONDS, whereabouts
from moetui.core.queue import edit, resuming
from moetui.core.queue.memory import Memory
from moetui.core.queue.placement import places
from moetui.core.runs.lab import Lab
from moetui.core.runs.status import observe
from tests.starters import start_no_dispatcher
from tests.tui.lab_on_disk import write_run


@pytest.fixture
def run(lab: Lab) -> RunDir:
    return lab.run_dir(write_run(lab, "away"))


def launched(run: RunDir, **changes: Any) -> Launch:
    facts = {
        "pid": 2**22 + 1,
        "started": time.time() - 3600,
        "host": "node7",
        "boot_id": "another",
        "device": CPU,
        "token": "t",
    }
    entry = Launch.model_validate(facts | changes)
    write_file(run.launch_file, entry)
    return entry


def spoke(run: RunDir, ago: float, **changes: Any) -> None:
    facts = {
        "phase": "running",
        "updates": 9,
        "started": 1.0,
        "pid": 1,
        "host": "node7",
        "boot_id": "another",
        "token": "t",
    }
    write_file(run.state_file, State.model_validate(facts | {"heartbeat": time.time() - ago} | changes))


def test_one_boot_is_one_machine_whatever_its_name(run: RunDir) -> None:
    launched(run, host="container-old", boot_id=boot_id())
    spoke(run, 1.0, host="container-old", boot_id=boot_id())
    assert observe(run).status == "killed"  # no lock of it is held here, where it was


def test_a_run_of_another_host_lives_while_its_heartbeat_moves_and_is_lost_after_a_silence(run: RunDir) -> None:
    launched(run)
    spoke(run, 3.0)
    assert (observe(run).status, observe(run).elsewhere) == ("running", "node7")
    spoke(run, 100.0)
    assert observe(run).status == "stalled"
    spoke(run, LOST_SECONDS + 5)
    assert observe(run).status == "lost"
    assert "node7" in observe(run).reason


def test_so_does_one_without_launch_json(run: RunDir) -> None:
    spoke(run, 3.0, token="")
    assert observe(run).status == "running"
    spoke(run, LOST_SECONDS + 5, token="")
    assert observe(run).status == "lost"


def test_a_stop_that_nobody_answers_does_not_keep_a_run_stopping_for_ever(run: RunDir) -> None:
    launched(run)
    spoke(run, LOST_SECONDS + 5)
    write_file(run.request_file, Request(stop=True, asked=time.time()))
    assert observe(run).status == "lost"


def test_a_restart_is_told_from_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(heard: float, **changes: str) -> str:
        entry = {"pid": 1, "started": 1.0, "host": hostname(), "boot_id": "another", "device": CPU, "token": "t"}
        return whereabouts(Launch.model_validate(entry | changes), heard)

    monkeypatch.setattr(module, "_booted", lambda: 1000.0)
    assert seen(900.0) == "before the restart"
    assert seen(900.0, host="renamed", machine=machine_id() or "") == (
        "before the restart" if machine_id() else "elsewhere"
    )
    assert seen(1100.0) == "elsewhere"  # a process of before the restart cannot have spoken since: a namesake
    assert seen(900.0, machine="another machine of this name") == (
        "elsewhere" if machine_id() else "before the restart"
    )
    assert seen(900.0, host="node7") == "elsewhere"


def test_a_clock_that_was_set_makes_no_run_stalled(run: RunDir) -> None:
    entry = launched(run, host=hostname(), boot_id=boot_id())
    spoke(run, 3 * 86400, host=hostname(), boot_id=boot_id(), uptime=uptime(), token=entry.token)
    share = share_procs_lock(run.procs_lock)
    try:
        assert observe(run).status == "running"
    finally:
        os.close(share)


def test_runs_of_other_machines_take_no_device_here(lab: Lab) -> None:
    record = write_run(lab, "away")
    launched(lab.run_dir(record))
    spoke(lab.run_dir(record), 3.0)
    now = lab.see(record)
    assert now.live
    (place,) = places(lab, [now], [Device(CPU, "CPU")], Memory(()))
    assert place.names == ()


def delete(lab: Lab) -> None:
    edit.delete(lab, lab.find("away"))


def resume(lab: Lab) -> None:
    resuming.resume(lab, lab.find("away"))


@pytest.mark.parametrize("act", [delete, resume])
def test_a_silent_run_of_another_machine_can_be_taken_over(
    lab: Lab, act: Callable[[Lab], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_no_dispatcher(monkeypatch)
    record = write_run(lab, "away")
    run = lab.run_dir(record)
    launched(run)
    spoke(run, 3.0)
    assert edit.silent_elsewhere(lab, record) == ""
    with pytest.raises(LabError):
        act(lab)
    spoke(run, 200.0)
    assert "node7" in edit.silent_elsewhere(lab, record)
    with pytest.raises(LabError):
        act(lab)
    assert edit.take_over(lab, record).status == "lost"
    act(lab)


def test_a_forced_stop_ends_a_run_of_another_machine(lab: Lab) -> None:
    record = write_run(lab, "away")
    launched(lab.run_dir(record))
    spoke(lab.run_dir(record), 200.0)
    assert edit.stop(lab, record).status == "stopping"
    assert edit.stop(lab, record, force=True).status == "lost"


def test_a_lost_run_that_speaks_again_is_live_again(lab: Lab) -> None:
    record = write_run(lab, "away")
    launched(lab.run_dir(record))
    spoke(lab.run_dir(record), LOST_SECONDS + 5)
    lab.note_ends([lab.see(record)])
    assert lab.find("away").status == "lost"
    spoke(lab.run_dir(record), 1.0)
    assert [run.status for run in lab.snapshot(dispatch=False).runs if run.id == "away"] == ["running"]


def test_the_result_of_an_earlier_launch_is_not_the_end_of_the_last(run: RunDir) -> None:
    result = Result(status="stopped", updates=9, ended=time.time() - 7200, token="earlier")
    write_file(run.result_file, result)
    launched(run, host=hostname(), boot_id=boot_id(), exit_code=-9)
    assert observe(run).status == "killed"
    write_file(run.result_file, result.model_copy(update={"token": "t"}))
    assert observe(run).status == "stopped"
