"""Where waiting runs go: the devices are filled in the order of the queue, and who cannot be placed is told why."""

import contextlib
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil

from engine.runfiles.rundir import DamagedFile, Launch, RunFile, State
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.machine.devices import Device, Place, wants_gpu
from moetui.core.machine.whereabouts import whereabouts
from moetui.core.planning.disk import run_bytes
from moetui.core.runs.lab import Lab


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

    def __init__(self, places: Sequence[Place], disk: Disk | None = None) -> None:
        """`disk` is the one that the runs are kept on; None leaves out whether they fit there."""
        self._places = places
        self._disk = disk
        self._any_gpu = any(place.device.is_gpu for place in places)
        self._full: set[bool] = set()

    def choose(self, entry: RunFile) -> Place | Unplaced:
        """The place for the next run of the queue; the caller adds it to `limits` once it is there."""
        gpu = wants_gpu(entry.config.training.device, any_gpu=self._any_gpu)
        if gpu and not self._any_gpu:
            return Unplaced("it asks for a GPU and this host has none", never=True)
        kind = "a GPU" if gpu else "the CPU"
        if gpu in self._full:
            # Small runs that share would keep out one that wants a device alone, so nobody overtakes.
            return Unplaced(f"those before it, for {kind}")
        fitting = [place for place in self._places if place.device.is_gpu == gpu and place.has_room(entry.per_device)]
        if fitting and (short := self._short_of_room(entry)):
            self._full.add(gpu)
            return Unplaced(short)
        if not fitting:
            self._full.add(gpu)
            return Unplaced(_relief([p for p in self._places if p.device.is_gpu == gpu], kind))
        return min(fitting, key=lambda place: len(place.limits))

    def _short_of_room(self, entry: RunFile) -> str:
        """What room a run waits for; none on a disk that could never hold it: there it trains without all of its checkpoints."""
        needed = run_bytes(entry.config)
        if self._disk is None or self._disk.free >= needed or self._disk.total < needed:
            return ""
        return f"room on the disk: it needs {needed / 2**30:.2g} GiB, {self._disk.free / 2**30:.2g} GiB are free"


def disk_of(lab: Lab) -> Disk | None:
    """The disk of a workspace, None if it does not tell."""
    try:
        found = shutil.disk_usage(lab.workspace.root)
    except OSError:
        return None
    return Disk(found.free, found.total)


def places(lab: Lab, live: Iterable[RunRecord], devices: Iterable[Device]) -> list[Place]:
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
                ours[run.device].add(entry.pid)
        on[run.device].append(run)
    return [
        Place(
            device,
            [_limit(lab, run) for run in on[device.id]],
            tuple(run.name for run in on[device.id]),
            _others(device, ours[device.id], set().union(*ours.values())),
        )
        for device in devices
    ]


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


def _limit(lab: Lab, record: RunRecord) -> int:
    """How many runs may share the device of a live one; a damaged config.json lets it have the device alone."""
    try:
        return lab.run_dir(record).config().per_device
    except (OSError, DamagedFile, LabError):
        return 1
