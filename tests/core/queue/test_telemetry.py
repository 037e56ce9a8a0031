"""What the machine does: processes of runs by the name of their run, GPUs as their library tells."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from moetui.core.machine.devices import CPU, devices, gpus
from moetui.core.machine.nvml import read_gpus
from moetui.core.queue.memory import Memory
from moetui.core.queue.placement import Placement, Unplaced, places
from moetui.core.queue.queueing import waiting
from moetui.core.queue.telemetry import Reading, Telemetry
from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.core.fake_nvml import Card, FakeNvml, NVMLError
from tests.core.queue.test_dispatch import queue, status
from tests.tui.lab_on_disk import write_run

NO_RUNS = Memory(())
Behave = Callable[[str], None]


def read(lab: Lab) -> Reading:
    return Telemetry(lab).read(lab.snapshot().pending)


def test_a_trainer_and_its_children_are_known_by_the_name_of_their_run(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("child")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    entry = lab.run_dir(run).launch()
    assert entry is not None
    telemetry = Telemetry(lab)
    eventually(lambda: len(telemetry.read(lab.snapshot().pending).workers) == 2)
    workers = telemetry.read(lab.snapshot().pending).workers
    assert {worker.run for worker in workers} == {run.name}
    assert {worker.device for worker in workers} == {CPU}
    assert entry.pid in {worker.pid for worker in workers}
    assert all(worker.memory for worker in workers)


def test_processor_and_memory_are_those_of_this_machine(lab: Lab) -> None:
    found = read(lab)
    assert len(found.processor.cores) == psutil.cpu_count()
    assert all(0 <= core <= 1 for core in found.processor.cores)
    assert 0 < found.processor.memory_used < found.processor.memory_total == psutil.virtual_memory().total
    assert found.workers == ()


def test_the_processor_is_as_busy_whichever_thread_looks(lab: Lab) -> None:
    telemetry = Telemetry(lab)
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
            for thread in (one, other):
                found = thread.submit(telemetry.read, ()).result()
                assert max(found.processor.cores) > 0.2
                time.sleep(0.2)
    finally:
        busy.kill()
        busy.wait()


def test_the_load_of_a_trainer_is_not_known_before_time_has_passed(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    telemetry = Telemetry(lab)
    runs = lab.snapshot().pending
    assert [worker.load for worker in telemetry.read(runs).workers] == [None]
    assert all(worker.load is not None for worker in telemetry.read(runs).workers)


def test_a_machine_without_a_driver_has_no_gpu(nvml: Callable[..., FakeNvml]) -> None:
    nvml(driver=False)
    assert read_gpus() == []
    assert [device.id for device in devices()] == [CPU]


def test_a_gpu_is_read_in_watts_bytes_degrees_and_fractions(nvml: Callable[..., FakeNvml]) -> None:
    fake = nvml(Card(uuid="GPU-a", used=2**30, utilization=87, milliwatts=312_400, celsius=64, users={7: 2**29}))
    (gpu,) = read_gpus()
    assert (gpu.id, gpu.index, gpu.name) == ("GPU-a", 0, "NVIDIA H100 80GB HBM3")
    assert (gpu.utilization, gpu.power, gpu.power_limit, gpu.temperature) == (0.87, 312.4, 700.0, 64)
    assert (gpu.memory_used, gpu.memory_total) == (2**30, 80 * 2**30)
    assert [(user.pid, user.memory) for user in gpu.users or ()] == [(7, 2**29)]
    assert fake.opened == 0


def test_what_a_gpu_does_not_tell_is_unknown_and_a_lost_one_is_none(nvml: Callable[..., FakeNvml]) -> None:
    nvml(
        Card(uuid="GPU-a", lost=True),
        Card(uuid="GPU-b", utilization=None, milliwatts=None, limit=None, celsius=None, users={7: None}),
    )
    (gpu,) = read_gpus()
    assert (gpu.id, gpu.index) == ("GPU-b", 1)
    assert (gpu.utilization, gpu.power, gpu.power_limit, gpu.temperature) == (None, None, None, None)
    assert [device.id for device in gpus()] == ["GPU-b"]


@pytest.mark.parametrize("card", [Card(uuid="GPU-a", total=None), Card(uuid="GPU-a", users=None)])
def test_a_gpu_that_refuses_its_memory_or_its_processes_is_still_there_and_takes_runs(
    lab: Lab, nvml: Callable[..., FakeNvml], card: Card
) -> None:
    nvml(card)
    (gpu,) = read_gpus()
    assert (gpu.memory_total is None, gpu.users is None) == (card.total is None, card.users is None)
    (device, _) = read(lab).devices
    assert (device.memory is None, device.pids is None) == (card.total is None, card.users is None)
    run = write_run(lab, "fits", settings={"training": {"device": "cuda"}})
    place = Placement(places(lab, [], devices(), NO_RUNS), NO_RUNS).choose(lab.run_dir(run).config())
    assert not isinstance(place, Unplaced)
    assert place.device.id == "GPU-a"


@pytest.mark.parametrize("call", ["nvmlDeviceGetName", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetUtilizationRates",
    "nvmlDeviceGetPowerUsage", "nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetTemperature",
    "nvmlDeviceGetComputeRunningProcesses"])  # fmt: skip
def test_no_refused_question_but_that_for_its_id_makes_a_gpu_vanish(
    nvml: Callable[..., FakeNvml], call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = nvml(Card(uuid="GPU-a"))

    def refuse(*_: object) -> None:
        raise fake.NVMLError("Not Supported")

    monkeypatch.setattr(fake, call, refuse)
    assert [gpu.id for gpu in read_gpus()] == ["GPU-a"]


@pytest.mark.parametrize("call", ["Init", "DeviceGetCount", "DeviceGetHandleByIndex", "DeviceGetUUID", "Shutdown"])
def test_a_driver_that_refuses_to_say_which_gpus_there_are_is_no_crash(
    nvml: Callable[..., FakeNvml], call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = nvml(Card(uuid="GPU-1"))
    monkeypatch.setattr(fake, f"nvml{call}", _refuse)
    assert [gpu.id for gpu in read_gpus()] == ["GPU-1"] * (call == "Shutdown")


def _refuse(*_: object) -> None:
    raise NVMLError("Unknown Error")


def test_our_runs_are_not_other_people_where_the_driver_has_the_numbers_of_another_namespace(
    lab: Lab, nvml: Callable[..., FakeNvml], fake_engine: Behave
) -> None:
    fake_engine("hold")
    host = 2**22 + 5  # a number that no process has here
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    live = [record.model_copy(update={"device": "GPU-a"}) for record in lab.snapshot().pending]
    for users, others in (({host: 1}, set()), ({host: 1, host + 1: 1}, {host + 1}), ({os.getpid(): 1}, {os.getpid()})):
        nvml(Card(uuid="GPU-a", users=dict(users)))
        (place, _) = places(lab, live, devices(), NO_RUNS)
        assert place.limits
        assert place.others == others


def test_processes_of_others_on_a_gpu_are_named_as_they_are(lab: Lab, nvml: Callable[..., FakeNvml]) -> None:
    with subprocess.Popen(["sleep", "1000"]) as other:
        try:
            nvml(Card(uuid="GPU-a", users={other.pid: 2**20, 2**22 + 5: None}))
            found = {worker.pid: worker for worker in read(lab).workers}
        finally:
            other.kill()
    assert (found[other.pid].run, found[other.pid].command, found[other.pid].memory) == ("", "sleep", 2**20)
    assert found[other.pid].user == psutil.Process(os.getpid()).username()
    assert found[2**22 + 5].command == ""  # it has ended meanwhile


def test_a_run_waits_for_a_gpu_that_others_use_and_is_not_refused(lab: Lab, nvml: Callable[..., FakeNvml]) -> None:
    nvml(Card(uuid="GPU-a", users={2**22 + 5: None}))
    run = write_run(lab, "waits", settings={"training": {"device": "cuda"}})
    placement = Placement(places(lab, [], devices(), NO_RUNS), NO_RUNS)
    found = placement.choose(lab.run_dir(run).config())
    assert isinstance(found, Unplaced)
    assert not found.never
    (one,) = waiting(lab, lab.snapshot(dispatch=False), devices())
    assert one.reason == "other people's processes to leave a GPU"


def test_a_run_that_wants_a_gpu_is_refused_where_there_is_none(lab: Lab, nvml: Callable[..., FakeNvml]) -> None:
    nvml()
    run = write_run(lab, "never", settings={"training": {"device": "cuda"}})
    found = Placement(places(lab, [], devices(), NO_RUNS), NO_RUNS).choose(lab.run_dir(run).config())
    assert isinstance(found, Unplaced)
    assert found.never


def test_runs_go_to_the_emptiest_gpu_by_its_id(lab: Lab, nvml: Callable[..., FakeNvml]) -> None:
    nvml(Card(uuid="GPU-a"), Card(uuid="GPU-b"))
    entry = lab.run_dir(write_run(lab, "first")).config()
    placement = Placement(places(lab, [], devices(), NO_RUNS), NO_RUNS)
    chosen = []
    for _ in range(2):
        place = placement.choose(entry)
        assert not isinstance(place, Unplaced)
        place.take()
        chosen.append(place.device.id)
    assert chosen == ["GPU-a", "GPU-b"]
    assert isinstance(placement.choose(entry), Unplaced)
