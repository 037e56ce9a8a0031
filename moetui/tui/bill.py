"""What planned runs cost, in words: on which devices they run, and how long those take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moetui.core.catalogue.records import RunRecord
from moetui.core.machine.devices import CPU, Device, wants_gpu
from moetui.core.planning.plan import PlannedRun
from moetui.core.studies.estimate import Basis, Estimate, Pace, pace
from moetui.tui.amounts import span_text

BASIS: Mapping[Basis, str] = {
    "measured": "measured",
    "fitted": "measured",
    "extrapolated": "extrapolated",
    "rule of thumb": "a guess",
}
"""Where a duration comes from, in few words."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a plan costs: on which devices, how fast they are, and how many of them work on it at once."""

    devices: tuple[Device, ...]
    pace: Pace
    cost: Estimate
    at_once: int

    @property
    def seconds(self) -> float:
        """The likely time that the devices take together."""
        return self.cost.seconds / self.at_once

    @property
    def place(self) -> str:
        """The devices in words, such as `2 × NVIDIA H200`."""
        names = list(dict.fromkeys(device.name for device in self.devices))
        counts = [sum(device.name == name for device in self.devices) for name in names]
        return ", ".join(name if n == 1 else f"{n} × {name}" for name, n in zip(names, counts, strict=True))

    @property
    def duration(self) -> str:
        """The range of the estimate in words, with where it comes from and what it takes of GPUs."""
        span = span_text(self.cost.low / self.at_once, self.cost.high / self.at_once)
        hours = f", {self.cost.device_hours:.2g} GPU-hours" if self.devices[0].is_gpu else ""
        return f"{span}{hours} ({BASIS[self.cost.basis]})"


def bill(
    due: Sequence[PlannedRun],
    records: Sequence[RunRecord],
    devices: Sequence[Device],
    *,
    like: Sequence[PlannedRun] = (),
) -> Bill:
    """The cost of the runs that are due on the devices of this machine, each of which takes one run at a time.

    Where nothing is due, `like` says for what kind of runs the devices are.
    """
    any_gpu = any(device.is_gpu for device in devices)
    gpu = any(wants_gpu(run.config.training.device, any_gpu=any_gpu) for run in due or like)
    fitting = tuple(device for device in devices if device.is_gpu == gpu) or (Device(CPU, "CPU"),)
    known = pace(records, devices)
    return Bill(fitting, known, known.total(due), max(1, min(len(fitting), len(due))))
