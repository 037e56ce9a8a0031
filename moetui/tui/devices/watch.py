"""One look at the machine for the Devices screen: reads processes, drivers and files, so it belongs in a thread."""

from dataclasses import dataclass

from moetui.core.maintenance.orphans import Orphan, find
from moetui.core.queue.queueing import Waiting, waiting
from moetui.core.queue.telemetry import Reading, Telemetry
from moetui.core.runs.lab import Lab, Snapshot

ORPHANS_EVERY = 10
"""Every so many looks orphans are looked for, which reads every run directory's name."""


@dataclass(frozen=True, slots=True)
class Look:
    """The machine, the queue, and what is orphaned."""

    reading: Reading
    queue: tuple[Waiting, ...]
    orphans: tuple[Orphan, ...]


class Watch:
    """Looks again and again."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._telemetry = Telemetry(lab)
        self._orphans: tuple[Orphan, ...] = ()
        self._looks = 0

    def look(self, snapshot: Snapshot, *, orphans: bool = False) -> Look:
        """Look now; `orphans` are looked for in any case then. Raises `CatalogueError` if runs.json cannot be read."""
        reading = self._telemetry.read(snapshot.pending)
        if orphans or self._looks % ORPHANS_EVERY == 0:
            self._orphans = find(self._lab)
        self._looks += 1
        return Look(reading, waiting(self._lab, snapshot, reading.devices), self._orphans)
