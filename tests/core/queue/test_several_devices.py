"""Runs on several devices in the queue: what they reserve, and what they are refused for."""

import os
import time
from collections.abc import Callable

import psutil
import pytest

from engine.runfiles.host import RANK_VARIABLES, boot_id, hostname, machine_id
from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Launch, RunFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.execution import Execution
from moetui.core.errors import UsageError
from moetui.core.machine.devices import Allotment, devices
from moetui.core.planning.plan import PlannedRun, Selection, plan
from moetui.core.queue import resuming
from moetui.core.queue.enqueue import enqueue
from moetui.core.queue.memory import Memory
from moetui.core.queue.placement import Placement, Unplaced, places
from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.core.fake_nvml import Card, FakeNvml
from tests.core.queue.test_dispatch import status, statuses
from tests.core.queue.test_resuming import stopped
from tests.tui.lab_on_disk import write_run

Behave = Callable[[str], None]
Nvml = Callable[..., FakeNvml]

NOTHING = Memory([])  # no run has been measured


def planned(lab: Lab, device: str = "cpu", accumulation: int = 4) -> list[PlannedRun]:
    settings = {"training.device": device, "training.accumulation": accumulation, "training.updates": 3}
    return plan(lab.library(), Selection(presets=("quickstart",), settings=settings, axes={"optimizer.lr": (0.05,)}))


def entry_of(lab: Lab, record: RunRecord) -> RunFile:
    return lab.run_dir(record).config()


def entry(lab: Lab, count: int, device: str = "cuda", per_device: int = 1) -> RunFile:
    config = planned(lab, device)[0].config
    return RunFile(id="one", name="one", created=0.0, devices=count, per_device=per_device, config=config)


def ids(found: Allotment | Unplaced) -> str:
    assert isinstance(found, Allotment), found
    found.take()
    return found.device.id


def test_a_run_reserves_as_many_gpus_as_it_trains_on(lab: Lab, nvml: Nvml) -> None:
    nvml(*(Card(uuid=f"GPU-{name}") for name in "abcd"))
    placement = Placement(places(lab, [], devices(), NOTHING), NOTHING)
    assert ids(placement.choose(entry(lab, 1))) == "GPU-a"
    assert ids(placement.choose(entry(lab, 2))) == "GPU-b,GPU-c"
    found = placement.choose(entry(lab, 2))
    assert found == Unplaced("2 GPUs to be free")
    # Nobody overtakes the one that waits.
    assert placement.choose(entry(lab, 1)) == Unplaced("those before it, for a GPU")


def test_a_run_that_wants_more_gpus_than_there_are_is_refused(lab: Lab, nvml: Nvml) -> None:
    nvml(Card(uuid="GPU-a"))
    found = Placement(places(lab, [], devices(), NOTHING), NOTHING).choose(entry(lab, 2))
    assert found == Unplaced("it asks for 2 GPUs and this host has 1", never=True)
    with pytest.raises(UsageError, match=r"--devices 2: this machine has 1 GPU$"):
        enqueue(lab, planned(lab, "cuda"), Execution(devices=2))


def test_on_the_cpu_a_run_counts_as_many_runs(lab: Lab, nvml: Nvml) -> None:
    nvml()
    alone = Placement(places(lab, [], devices(), NOTHING), NOTHING)
    assert ids(alone.choose(entry(lab, 2, "cpu"))) == "cpu"
    assert isinstance(alone.choose(entry(lab, 1, "cpu", per_device=4)), Unplaced)
    shared = Placement(places(lab, [], devices(), NOTHING), NOTHING)
    assert ids(shared.choose(entry(lab, 2, "cpu", per_device=3))) == "cpu"
    assert ids(shared.choose(entry(lab, 1, "cpu", per_device=3))) == "cpu"
    assert isinstance(shared.choose(entry(lab, 1, "cpu", per_device=3)), Unplaced)


def test_a_live_run_is_on_each_of_its_gpus_with_all_its_processes(lab: Lab, nvml: Nvml) -> None:
    record = write_run(lab, "wide")
    run = lab.run_dir(record)
    ours = os.getpid()
    child = psutil.Popen(["sleep", "1000"])
    try:
        launch = Launch(
            pid=ours,
            started=time.time(),
            host=hostname(),
            boot_id=boot_id(),
            machine=machine_id(),
            device="GPU-a,GPU-b",
            token="t",
        )
        write_file(run.launch_file, launch)
        nvml(Card(uuid="GPU-a", users={child.pid: 1}), Card(uuid="GPU-b", users={1: 1}), Card(uuid="GPU-c"))
        live = record.model_copy(update={"device": "GPU-a,GPU-b", "status": "running"})
        a, b, c, _ = places(lab, [live], devices(), NOTHING)
        assert [place.limits for place in (a, b, c)] == [[1], [1], []]
        assert not a.others
        assert b.others == {1}
    finally:
        child.kill()
        child.wait()


def test_two_devices_of_the_cpu_are_reserved_until_the_run_ends(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    (wide,) = enqueue(lab, planned(lab), Execution(devices=2))
    (other,) = enqueue(lab, planned(lab), Execution(per_device=2))
    eventually(lambda: statuses(lab, wide, other) == ["running", "queued"])
    launch = lab.run_dir(wide).launch()
    assert launch is not None
    assert entry_of(lab, wide).devices == 2


def test_more_devices_than_micro_batches_queue_nothing(lab: Lab) -> None:
    with pytest.raises(UsageError, match=r"--set training.batch_size=.* --set training.accumulation=2 ") as caught:
        enqueue(lab, planned(lab, accumulation=1), Execution(devices=2))
    assert "\n" not in str(caught.value)
    assert not lab.snapshot(dispatch=False).runs or all(run.published for run in lab.snapshot(dispatch=False).runs)


def test_a_run_goes_on_on_another_number_of_devices(lab: Lab, fake_engine: Behave) -> None:
    run = stopped(lab, fake_engine)
    with pytest.raises(UsageError, match="--devices 64"):
        resuming.resume(lab, run, lambda before: before.changed(devices=64))
    assert status(lab, run) == "stopped"
    config = entry_of(lab, run).config
    if config.training.accumulation < 2:
        training = config.training.model_copy(update={"accumulation": 2})
        changed = entry_of(lab, run).model_copy(update={"config": config.model_copy(update={"training": training})})
        write_file(lab.run_dir(run).config_file, changed)
    fake_engine("finish")
    resuming.resume(lab, run, lambda before: before.changed(devices=2))
    assert entry_of(lab, run).devices == 2
    eventually(lambda: status(lab, run) == "finished")
    assert entry_of(lab, resuming.rerun(lab, lab.find(run.id))).devices == 2


def test_a_trainer_does_not_inherit_the_place_of_another_rank(
    lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in RANK_VARIABLES:
        monkeypatch.setenv(name, "7")
    fake_engine("hold")
    (run,) = enqueue(lab, planned(lab))
    eventually(lambda: status(lab, run) == "running")
    launch = lab.run_dir(run).launch()
    assert launch is not None
    assert not set(RANK_VARIABLES) & psutil.Process(launch.pid).environ().keys()
