"""The dispatcher with real processes: what is queued is trained, whoever dies."""

import os
import signal
from collections.abc import Callable

import psutil
import pytest

from engine.runfiles.host import hostname
from engine.runfiles.locks import run_lock_holder
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.execution import Execution
from moetui.core.errors import UsageError
from moetui.core.machine.devices import CPU, Device, Place, cores, gpus
from moetui.core.machine.launcher import start_dispatcher
from moetui.core.planning.plan import Selection, plan
from moetui.core.queue import edit
from moetui.core.queue.enqueue import enqueue
from moetui.core.runs.lab import Lab
from tests.conftest import eventually

Behave = Callable[[str], None]


def queue(lab: Lab, *rates: float, updates: int = 3, per_device: int = 1) -> list[RunRecord]:
    selection = Selection(
        presets=("quickstart",),
        settings={"training.updates": updates, "training.device": "cpu"},
        axes={"optimizer.lr": rates},
    )
    return enqueue(lab, plan(lab.library(), selection), Execution(per_device=per_device))


def statuses(lab: Lab, *runs: RunRecord) -> list[str]:
    found = {run.id: run.status for run in lab.snapshot().runs}
    return [found[run.id] for run in runs]


def status(lab: Lab, record: RunRecord) -> str:
    return next(run.status for run in lab.snapshot().runs if run.id == record.id)


def ended(lab: Lab) -> bool:
    return not lab.snapshot().pending and not lab.dispatching()


def test_queued_runs_are_trained_one_after_the_other_on_the_cpu(lab: Lab, fake_engine: Behave) -> None:
    runs = queue(lab, 0.01, 0.05, 0.1)
    most = 0

    def all_ended() -> bool:
        nonlocal most
        most = max(most, sum(run.live for run in lab.snapshot().runs))
        return ended(lab)

    eventually(all_ended)
    assert [status(lab, run) for run in runs] == ["finished"] * 3
    assert most <= 1
    record = lab.find(runs[0].id)
    assert record.final is not None
    assert record.update == 3
    assert record.device == "cpu"
    assert record.tokens_per_second == 30.0
    assert record.data_fingerprint == "fake"
    assert record.host == hostname()
    assert record.validation_tokens == 960


def test_a_diverged_run_is_recorded_and_the_study_goes_on(lab: Lab, fake_engine: Behave) -> None:
    bad, good = queue(lab, 1e6, 0.05)
    eventually(lambda: ended(lab))
    assert status(lab, bad) == "diverged"
    assert status(lab, good) == "finished"


def test_a_trainer_that_breaks_before_its_result_is_failed_with_its_exit_code(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("crash")
    (run,) = queue(lab, 0.05)
    eventually(lambda: ended(lab))
    record = lab.find(run.id)
    assert record.status == "failed"
    assert "exit code 1" in record.reason
    assert "told to crash" in lab.run_dir(record).log_file.read_text()


def test_a_trainer_killed_by_a_signal_is_killed_and_names_the_signal(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("die")
    (run,) = queue(lab, 0.05)
    eventually(lambda: ended(lab))
    record = lab.find(run.id)
    assert record.status == "killed"
    assert "SIGKILL" in record.reason


def test_killing_the_dispatcher_leaves_the_training_alone_and_the_next_one_carries_on(
    lab: Lab, fake_engine: Behave
) -> None:
    fake_engine("hold")
    first, second = queue(lab, 0.01, 0.05)
    eventually(lambda: status(lab, first) == "running")
    dispatcher = run_lock_holder(lab.workspace.dispatcher_lock)
    assert dispatcher is not None
    os.kill(dispatcher, signal.SIGKILL)
    eventually(lambda: not psutil.pid_exists(dispatcher) or psutil.Process(dispatcher).status() == psutil.STATUS_ZOMBIE)
    assert status(lab, first) == "running"  # this look also starts the next dispatcher, as a run still waits
    eventually(lambda: lab.dispatching() and run_lock_holder(lab.workspace.dispatcher_lock) != dispatcher)
    assert status(lab, second) == "queued"
    edit.stop(lab, lab.find(first.id))
    eventually(lambda: status(lab, second) == "running")
    assert status(lab, first) == "stopped"


def test_only_one_dispatcher_works_however_many_are_started(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    for rate in (0.01, 0.02, 0.03):
        queue(lab, rate)  # each starts a dispatcher if it sees none
    eventually(lambda: any(run.status == "running" for run in lab.snapshot().runs))
    assert sum(run.live for run in lab.snapshot().runs) == 1


def test_readers_of_a_queue_start_one_dispatcher_and_not_one_each(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    (run,) = queue(lab, 0.05)
    for _ in range(30):
        start_dispatcher(lab.workspace)
    words = [process.cmdline() for process in psutil.Process().children()]
    # One at work and one on its way that will find it there.
    assert sum("moetui.core.queue.dispatch" in command for command in words) <= 2
    eventually(lambda: status(lab, run) == "running")


def test_runs_that_may_share_a_device_train_side_by_side_up_to_their_number(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    runs = queue(lab, 0.01, 0.02, 0.03, per_device=2)
    eventually(lambda: statuses(lab, *runs) == ["running", "running", "queued"])
    dispatcher = run_lock_holder(lab.workspace.dispatcher_lock)
    assert dispatcher is not None
    os.kill(dispatcher, signal.SIGKILL)  # the next one counts what is there as this one did
    eventually(lambda: lab.snapshot() and run_lock_holder(lab.workspace.dispatcher_lock) not in {None, dispatcher})
    edit.stop(lab, lab.find(runs[0].id))
    eventually(lambda: statuses(lab, *runs) == ["stopped", "running", "running"])


def test_packed_runs_share_the_cores(lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    fake_engine("hold")
    (run,) = queue(lab, 0.01, per_device=2)
    eventually(lambda: status(lab, run) == "running")
    entry = lab.run_dir(lab.find(run.id)).launch()
    assert entry is not None
    assert psutil.Process(entry.pid).environ()["OMP_NUM_THREADS"] == str(max(1, cores() // 2))


def test_threads_on_a_cpu_soon_sleep_unless_the_user_has_told_them_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    cpu, gpu = Device(CPU, "CPU"), Device("GPU-1", "GPU")
    assert int(cpu.environment(1)["GOMP_SPINCOUNT"]) < 10_000
    assert "GOMP_SPINCOUNT" not in gpu.environment(1)
    assert "OMP_NUM_THREADS" not in cpu.environment(1)
    for name, value in (("GOMP_SPINCOUNT", "7"), ("OMP_WAIT_POLICY", "active"), ("OMP_NUM_THREADS", "3")):
        monkeypatch.setenv(name, value)
        assert name not in cpu.environment(2)
    assert "GOMP_SPINCOUNT" not in cpu.environment(2)


def test_a_run_that_wants_the_device_alone_gets_it_alone_and_is_not_overtaken(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    (shared,) = queue(lab, 0.01, per_device=2)
    (alone,) = queue(lab, 0.02)
    (later,) = queue(lab, 0.03, per_device=2)
    runs = shared, alone, later
    eventually(lambda: statuses(lab, *runs) == ["running", "queued", "queued"])
    edit.stop(lab, lab.find(shared.id))
    eventually(lambda: statuses(lab, *runs) == ["stopped", "running", "queued"])
    edit.stop(lab, lab.find(alone.id))
    eventually(lambda: statuses(lab, *runs) == ["stopped", "stopped", "running"])


def test_a_device_has_room_as_long_as_nobody_on_it_minds() -> None:
    assert Place(Device(CPU, "CPU")).has_room(1)
    assert not Place(Device(CPU, "CPU"), [1]).has_room(4)
    assert not Place(Device(CPU, "CPU"), [4]).has_room(1)
    assert Place(Device(CPU, "CPU"), [3, 3]).has_room(3)
    assert not Place(Device(CPU, "CPU"), [3, 2]).has_room(3)


def test_a_damaged_configuration_fails_its_run_and_not_the_queue(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    first, damaged, last = queue(lab, 0.01, 0.02, 0.03)
    lab.run_dir(damaged).config_file.write_text("{")
    eventually(lambda: status(lab, first) == "running")
    edit.stop(lab, lab.find(first.id))
    eventually(lambda: status(lab, last) == "running")
    ended = lab.find(damaged.id)
    assert ended.status == "failed"
    assert "config.json" in ended.reason


def test_stopping_a_queued_run_keeps_it_from_ever_starting(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    first, second = queue(lab, 0.01, 0.05)
    eventually(lambda: status(lab, first) == "running")
    assert edit.stop(lab, lab.find(second.id)).status == "stopped"
    edit.stop(lab, lab.find(first.id))
    eventually(lambda: ended(lab))
    assert status(lab, second) == "stopped"
    assert lab.run_dir(lab.find(second.id)).launch() is None


def test_a_second_stop_kills_a_run_that_does_not_listen(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("deaf")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    assert edit.stop(lab, lab.find(run.id)).status == "stopping"
    edit.stop(lab, lab.find(run.id))
    eventually(lambda: status(lab, run) == "killed")


def test_a_forced_stop_also_kills_the_children_that_hold_the_device(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("child")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    edit.stop(lab, lab.find(run.id), force=True)
    eventually(lambda: ended(lab))
    assert lab.find(run.id).status == "killed"


def test_a_run_whose_child_still_holds_the_device_is_not_over(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("child")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    trainer = run_lock_holder(lab.run_dir(lab.find(run.id)).run_lock)
    assert trainer is not None
    os.kill(trainer, signal.SIGKILL)
    eventually(lambda: run_lock_holder(lab.run_dir(lab.find(run.id)).run_lock) is None)
    assert status(lab, run) in {"running", "stalled"}
    edit.stop(lab, lab.find(run.id), force=True)
    eventually(lambda: status(lab, run) == "killed")


def test_a_run_that_asks_for_a_gpu_where_there_is_none_is_refused_before_it_is_queued(lab: Lab) -> None:
    if gpus():
        pytest.skip("this machine has a GPU")
    planned = plan(lab.library(), Selection(presets=("quickstart",), settings={"training.device": "cuda"}))
    with pytest.raises(UsageError, match="no GPU"):
        enqueue(lab, planned)
    assert not lab.workspace.runs.exists()
