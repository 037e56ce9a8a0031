"""The recent past of each device, for sparklines and charts."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from moetui.core.machine.devices import CPU
from moetui.core.queue.telemetry import Reading

KEPT = 600
"""Readings that are kept of each device."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A device at one moment: time, and utilization and memory as fractions; None where the device does not tell."""

    taken: float
    utilization: float | None
    memory: float | None


class History:
    """The last readings, by device."""

    def __init__(self) -> None:
        self._moments: dict[str, deque[Moment]] = {}

    def add(self, reading: Reading) -> None:
        """Note a reading."""
        for gpu in reading.gpus:
            memory = gpu.memory_used / gpu.memory_total if gpu.memory_used is not None and gpu.memory_total else None
            self._add(gpu.id, Moment(reading.taken, gpu.utilization, memory))
        processor = reading.processor
        memory = processor.memory_used / processor.memory_total
        self._add(CPU, Moment(reading.taken, processor.utilization, memory))

    def of(self, device: str) -> Sequence[Moment]:
        """The moments of a device, the oldest first."""
        return tuple(self._moments.get(device, ()))

    def _add(self, device: str, moment: Moment) -> None:
        self._moments.setdefault(device, deque(maxlen=KEPT)).append(moment)
