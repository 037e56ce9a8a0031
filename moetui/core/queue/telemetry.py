"""What the machine does at one moment: GPUs, processor, memory, and the processes on them, ours by the name of their run."""

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.machine.cores import CoreMeter
from moetui.core.machine.devices import CPU, Device, device_of, processor
from moetui.core.machine.nvml import Gpu, GpuUser, read_gpus
from moetui.core.machine.processes import GONE, Census
from moetui.core.runs.lab import Lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process at work on a device. `run` is the name of the run that it belongs to; empty: it is not ours.

    `memory` is in bytes, on a GPU those that it has there; `load` in processors, 1.0 for one that is busy.
    """

    pid: int
    device: str
    run: str = ""
    command: str = ""
    user: str = ""
    memory: int | None = None
    load: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """The processor and the memory: the share of each core in use, the load over 1, 5 and 15 minutes, bytes."""

    cores: tuple[float, ...]
    load: tuple[float, float, float]
    memory_used: int
    memory_total: int

    @property
    def utilization(self) -> float:
        """The share of all cores in use."""
        return sum(self.cores) / len(self.cores) if self.cores else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything at one moment. `workers` holds the processes on GPUs and our trainers on the processor, ours first."""

    taken: float
    gpus: tuple[Gpu, ...]
    processor: Processor
    workers: tuple[Worker, ...]

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices that runs can be placed on."""
        return (*map(device_of, self.gpus), processor())


class Telemetry:
    """Reads the machine again and again; loads are those since the last time. Blocks for some milliseconds: use a thread."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._census = Census()
        self._cores = CoreMeter()
        self._before: set[psutil.Process] = set()  # the processes of runs at the last reading

    def read(self, runs: Iterable[RunRecord]) -> Reading:
        """The machine now; `runs` are those whose processes are ours."""
        owners = self._owners(runs)
        ours = {process: owners[token] for process, token in self._census.take().items() if token in owners}
        names = {process.pid: name for process, name in ours.items()}
        gpus = tuple(read_gpus())
        on_gpus = [_on_gpu(user, gpu.id, names) for gpu in gpus for user in gpu.users or ()]
        placed = {worker.pid for worker in on_gpus}
        trainers = [
            _on_processor(process, name, known=process in self._before)
            for process, name in ours.items()
            if process.pid not in placed
        ]
        self._before = set(ours)
        workers = sorted([*on_gpus, *trainers], key=lambda worker: (not worker.run, worker.run, worker.pid))
        memory = psutil.virtual_memory()
        return Reading(
            taken=time.time(),
            gpus=gpus,
            processor=Processor(
                cores=self._cores.read(),
                load=os.getloadavg(),
                memory_used=memory.total - memory.available,
                memory_total=memory.total,
            ),
            workers=tuple(workers),
        )

    def _owners(self, runs: Iterable[RunRecord]) -> Mapping[str, str]:
        """The names of live runs by their tokens."""
        owners = {}
        for record in runs:
            with contextlib.suppress(DamagedFile, OSError, LabError):  # the lists of runs tell what is wrong with it
                if record.live and record.path and (entry := self._lab.run_dir(record).launch()) is not None:
                    owners[entry.token] = record.name
        return owners


def _on_gpu(user: GpuUser, device: str, names: Mapping[int, str]) -> Worker:
    """A process on a GPU; whose it is and what it is called are known of those that still live."""
    command = owner = ""
    with contextlib.suppress(*GONE):
        process = psutil.Process(user.pid)
        command, owner = process.name(), process.username()
    run = names.get(user.pid, "")
    return Worker(pid=user.pid, device=device, run=run, command=command, user=owner, memory=user.memory)


def _on_processor(process: psutil.Process, run: str, *, known: bool) -> Worker:
    """A process on the processor. Its load is that since it was asked for last, so it is known from the second time on."""
    command, memory, load = "", None, None
    with contextlib.suppress(*GONE):
        command, memory, since = process.name(), process.memory_info().rss, process.cpu_percent() / 100
        load = since if known else None
    return Worker(pid=process.pid, device=CPU, run=run, command=command, memory=memory, load=load)
