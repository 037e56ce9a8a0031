"""Watches over the health of live runs and tells each finding once, when it is new."""

import time
from collections.abc import Callable, Iterator

from engine.metrics import MetricsReader
from engine.rundir import DamagedFile, Finding
from moetui.core.health import findings, group_of_run
from moetui.core.lab import Lab, Snapshot
from moetui.core.records import RunRecord

MOST_BYTES = 8 << 20
"""Size of the metrics (some 40,000 updates) from which on a run is not examined while it lives; its trainer does it at the end."""

PAUSE_SECONDS = 5.0
SHARE = 0.05
"""Part of the time that examinations may take."""


class Vigil:
    """Examines the live runs in turn, each as a whole. What was there at the first sight of a run is no news."""

    def __init__(self, lab: Lab, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lab = lab
        self._clock = clock
        self._first: dict[str, int] = {}  # run → update at its first sight
        self._told: set[tuple[str, str]] = set()
        self._examined: dict[
            str, tuple[float, int]
        ] = {}  # run → when it may be examined again, update at the last time

    def look(self, snapshot: Snapshot) -> Iterator[tuple[RunRecord, Finding]]:
        """The findings that are new."""
        live = [run for run in snapshot.runs if run.live]
        for run in live:
            self._first.setdefault(run.id, run.update)
        for run in live:
            due, examined_at = self._examined.get(run.id, (0.0, -1))
            if self._clock() >= due and run.update > max(examined_at, self._first[run.id]):
                yield from self._examine(run, snapshot)

    def _examine(self, run: RunRecord, snapshot: Snapshot) -> Iterator[tuple[RunRecord, Finding]]:
        began = self._clock()
        found = self._findings(run, snapshot)
        ended = self._clock()
        self._examined[run.id] = ended + max(PAUSE_SECONDS, (ended - began) / SHARE), run.update
        for finding in found:
            if finding.update > self._first[run.id] and (run.id, finding.kind) not in self._told:
                self._told.add((run.id, finding.kind))
                yield run, finding

    def _findings(self, run: RunRecord, snapshot: Snapshot) -> tuple[Finding, ...]:
        directory = self._lab.run_dir(run)
        try:
            if directory.metrics_file.stat().st_size > MOST_BYTES:
                return ()
            config = directory.config().config
            return findings(
                MetricsReader(directory.metrics_file).read(), config, group=group_of_run(run, snapshot.runs)
            )
        except (OSError, DamagedFile):
            return ()  # the lists tell what is wrong with such a run
