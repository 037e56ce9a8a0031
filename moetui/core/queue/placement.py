"""Where waiting runs go: the devices are filled in the order of the queue, and who cannot be placed is told why."""

import contextlib
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil

from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import Launch, RunFile, State
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.machine.devices import CPU, Allotment, Device, Place, wants_gpu
from moetui.core.machine.processes import with_children
from moetui.core.machine.whereabouts import whereabouts
from moetui.core.planning.disk import checkpoint_bytes, run_bytes
from moetui.core.queue.memory import Memory
from moetui.core.runs.lab import Lab
from moetui.core.runs.quota import Room


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Why a run has no device: it must wait, or, with `never`, it cannot run on this host at all."""

    reason: str
    never: bool = False


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that the runs of a workspace are kept on, in bytes."""

    free: int
    total: int


class Placement:
    """The devices of this host with our runs on them, filled further run by run."""

    def __init__(
        self, places: Sequence[Place], memory: Memory, disk: Disk | None = None, room: Room | None = None
    ) -> None:
        """`disk` is the one that the runs are kept on, `room` that of checkpoints; None leaves out whether they fit there."""
        self._room = room
        self._places = places
        self._memory = memory
        self._disk = disk
        self._any_gpu = any(place.device.is_gpu for place in places)
        self._full: set[bool] = set()

    def choose(self, entry: RunFile) -> Allotment | Unplaced:
        """The devices for the next run of the queue; the caller takes them once it is there."""
        gpu = wants_gpu(entry.config.training.device, any_gpu=self._any_gpu)
        if gpu and not self._any_gpu:
            return Unplaced("it asks for a GPU and this host has none", never=True)
        number = entry.devices if gpu else 1
        if number > (there := sum(place.device.is_gpu for place in self._places)) and gpu:
            return Unplaced(f"it asks for {number} GPUs and this host has {there}", never=True)
        kind = "the CPU" if not gpu else "a GPU" if number == 1 else f"{number} GPUs"
        if gpu in self._full:
            # Small runs that share would keep out one that wants a device alone, so nobody overtakes.
            return Unplaced(f"those before it, for {kind}")
        limit, count = _slots(entry, gpu=gpu)
        fitting = [place for place in self._places if place.device.is_gpu == gpu and place.has_room(limit, count)]
        enough = len(fitting) >= number
        if enough and (short := self._short_of_room(entry)):
            self._full.add(gpu)
            return Unplaced(short)
        if not enough:
            self._full.add(gpu)
            return Unplaced(_relief([p for p in self._places if p.device.is_gpu == gpu], kind))
        need = self._memory.needed(entry.config, gpu=gpu)
        size = need.size * count  # on the CPU all processes of a run share the memory
        roomy = [place for place in fitting if _has_memory(place, size)]
        if len(roomy) < number:
            self._full.add(gpu)
            return Unplaced(_short_of_memory(fitting, size, need.measured))
        emptiest = sorted(roomy, key=lambda place: len(place.limits))
        return Allotment(tuple(emptiest[:number]), limit, count, size)

    def _short_of_room(self, entry: RunFile) -> str:
        """What room a run waits for; none on a disk that could never hold it: there it trains without all of its checkpoints."""
        if self._room and 0 < self._room.quota < self._room.used + checkpoint_bytes(entry.config):
            return f"room under the quota for checkpoints: {self._room.told} are used; `moetui gc` shows what could go"
        needed = run_bytes(entry.config)
        if self._disk is None or self._disk.free >= needed or self._disk.total < needed:
            return ""
        return f"room on the disk: it needs {needed / 2**30:.2g} GiB, {self._disk.free / 2**30:.2g} GiB are free"


def _has_memory(place: Place, size: int) -> bool:
    """Whether a run fits beside those that are there. One alone is not asked: it may be tried with less at once."""
    return not place.limits or place.free is None or size <= place.free


def _short_of_memory(fitting: Sequence[Place], size: int, measured: bool) -> str:
    place = max(fitting, key=lambda place: place.free or 0)
    first = place.names[0] if place.names else "the run that starts now"
    beside = f"{first}{f' and {len(place.limits) - 1} others' if len(place.limits) > 1 else ''}"
    basis = "as measured" if measured else "by rule of thumb"
    free = max(place.free or 0, 0) / 2**30
    return f"memory beside {beside}: it needs {size / 2**30:.2g} GiB ({basis}), {free:.2g} GiB are free"


def disk_of(lab: Lab) -> Disk | None:
    """The disk of a workspace, None if it does not tell."""
    try:
        found = shutil.disk_usage(lab.workspace.root)
    except OSError:
        return None
    return Disk(found.free, found.total)


def places(lab: Lab, live: Iterable[RunRecord], devices: Iterable[Device], memory: Memory) -> list[Place]:
    """Every device, with our live runs on it and the processes there that are not ours."""
    on: dict[str, list[RunRecord]] = defaultdict(list)
    ours: dict[str, set[int]] = defaultdict(set)
    for run in live:
        # The list tells what is wrong with a run whose launch.json cannot be read.
        with contextlib.suppress(OSError, DamagedFile, LabError):
            entry = lab.run_dir(run).launch()
            if _elsewhere(entry or lab.run_dir(run).state()):
                continue  # it takes no device of this machine
            if entry is not None:
                for device in run.device.split(","):
                    ours[device] |= with_children(entry.pid)
        for device in run.device.split(","):
            on[device].append(run)
    return [
        Place(
            device,
            [limit for run in on[device.id] for limit in _limits(lab, run)],
            tuple(run.name for run in on[device.id]),
            _others(device, ours[device.id], set().union(*ours.values())),
            None if device.free is None else device.free - sum(_to_come(lab, run, memory) for run in on[device.id]),
        )
        for device in devices
    ]


def _to_come(lab: Lab, record: RunRecord, memory: Memory) -> int:
    """Memory that a live run is about to take: before its first update all that it needs, after that nothing more."""
    if record.update > 0:
        return 0
    try:
        entry, gpu = lab.run_dir(record).config(), record.device != CPU
        return memory.needed(entry.config, gpu=gpu).size * (1 if gpu else entry.devices)
    except (OSError, DamagedFile, LabError):
        return 0


def _elsewhere(process: Launch | State | None) -> bool:
    """Whether a process is on another machine."""
    if process is None:
        return False
    heard = process.heartbeat if isinstance(process, State) else process.started
    return whereabouts(process, heard) == "elsewhere"


def _others(device: Device, here: set[int], ours: set[int]) -> frozenset[int]:
    """The processes on a device that are not `ours`, those `here` among them; none where the device does not tell.

    In a container the driver may give the numbers that the host has for processes. For each live run of ours whose own number is
    missing, one number that no process has here is taken for it.
    """
    told = device.pids or frozenset()
    foreign = told - ours
    nameless = sorted(pid for pid in foreign if not psutil.pid_exists(pid))
    return foreign - frozenset(nameless[: len(here - told)])


def _relief(full: Sequence[Place], kind: str) -> str:
    """What has to happen for the next run to start."""
    names = [name for place in full for name in place.names]
    if not names:
        return (
            f"other people's processes to leave {kind}" if any(place.others for place in full) else f"{kind} to be free"
        )
    return f"{names[0]}{f' or one of {len(names) - 1} others' if len(names) > 1 else ''} to end"


def _limits(lab: Lab, record: RunRecord) -> list[int]:
    """How many runs may share a device of a live one, as often as it counts there; with a damaged config.json it is alone."""
    try:
        limit, count = _slots(lab.run_dir(record).config(), gpu=record.device != CPU)
    except (OSError, DamagedFile, LabError):
        return [1]
    return [limit] * count


def _slots(entry: RunFile, *, gpu: bool) -> tuple[int, int]:
    """How many runs may share each device of a run, and as how many it counts there itself."""
    return (entry.per_device, 1) if gpu else (max(entry.per_device, entry.devices), entry.devices)
