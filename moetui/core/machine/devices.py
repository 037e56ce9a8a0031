"""The devices that runs are placed on: each GPU, or the CPU as one device."""

import os
from dataclasses import dataclass, field

from moetui.core.machine.memory import free_memory
from moetui.core.machine.nvml import Gpu, read_gpus

CPU = "cpu"

SPINS = 1000
"""How often a thread of a trainer looks whether the others are done before it sleeps, where GNU OpenMP runs them.

Left alone, that library looks 300,000 times; beside other work a thread then waits its whole time slice for one that may not run
meanwhile, at each of the thousands of joins of an update. `python -m benchmarks.beside` measures both.
"""


@dataclass(frozen=True, slots=True)
class Device:
    """One place for a run. `id` is "cpu" or the GPU's UUID; `pids` are the processes that use the GPU now.

    `memory` is in bytes, `free` what of it is free now. None is what the device does not tell.
    """

    id: str
    name: str
    memory: int | None = None
    pids: frozenset[int] | None = field(default_factory=frozenset)
    free: int | None = None

    @property
    def is_gpu(self) -> bool:
        """Whether this is a GPU."""
        return self.id != CPU

    def environment(self, slots: int) -> dict[str, str]:
        """The variables that make a process see this device and no other, and let the threads of `slots` share the cores of a CPU.

        What the user has set for the threads stays.
        """
        seen = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": self.id if self.is_gpu else ""}
        if self.is_gpu:
            return seen
        threads = {} if "OMP_WAIT_POLICY" in os.environ else {"GOMP_SPINCOUNT": str(SPINS)}
        if slots > 1:
            threads["OMP_NUM_THREADS"] = str(max(1, cores() // slots))
        return seen | {name: value for name, value in threads.items() if name not in os.environ}


@dataclass(slots=True)
class Place:
    """A device and the runs on it, each as the number of runs that it allows there, itself among them.

    `names` are those of the runs. `others` are the processes of other people; while there are any, none of ours joins them.
    `free` is the memory that nobody uses or is about to use, in bytes; None where the device does not tell.
    """

    device: Device
    limits: list[int] = field(default_factory=list)
    names: tuple[str, ...] = ()
    others: frozenset[int] = frozenset()
    free: int | None = None

    def has_room(self, limit: int, count: int = 1) -> bool:
        """Whether one more run with this limit may join, which counts so often: neither it nor those there may be too many."""
        return not self.others and len(self.limits) + count <= min([limit, *self.limits])


@dataclass(frozen=True, slots=True)
class Allotment:
    """The devices that a run gets: several GPUs, or one device. On the CPU a run on several devices counts as so many runs.

    `size` is the memory that it takes on each of them, in bytes.
    """

    places: tuple[Place, ...]
    limit: int
    count: int = 1
    size: int = 0

    @property
    def device(self) -> Device:
        """The device, or several GPUs as one whose `id` names them all with commas between."""
        members = [place.device for place in self.places]
        if len(members) == 1:
            return members[0]
        return Device(",".join(one.id for one in members), f"{len(members)} × {members[0].name}")

    def take(self) -> None:
        """Put the run on its devices."""
        for place in self.places:
            place.limits += [self.limit] * self.count
            if place.free is not None:
                place.free -= self.size


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> list[Device]:
    """Every NVIDIA GPU of this machine; empty where there is no driver."""
    return [device_of(gpu) for gpu in read_gpus()]


def device_of(gpu: Gpu) -> Device:
    """A GPU as a place for runs."""
    pids = None if gpu.users is None else frozenset(user.pid for user in gpu.users)
    free = None
    if gpu.memory_total is not None and gpu.memory_used is not None:
        free = gpu.memory_total - gpu.memory_used
    return Device(gpu.id, gpu.name, gpu.memory_total, pids, free)


def devices() -> list[Device]:
    """All devices of this machine, the GPUs first."""
    return [*gpus(), processor()]


def processor() -> Device:
    """The CPU with the memory of the machine."""
    return Device(CPU, "CPU", free=free_memory())


def wants_gpu(device: str, *, any_gpu: bool) -> bool:
    """Whether a run whose `training.device` is `device` goes to a GPU."""
    return device == "cuda" or (device == "auto" and any_gpu)
