"""What is known of a run beside its measurements: its configuration, what was found about its health, its checkpoints."""

import contextlib
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.health.examine import REGRADED
from engine.health.measured import Measured
from engine.health.peers import Peers
from engine.runfiles.history import read_records
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import Finding, Result, RunDir
from engine.runfiles.saved import saved
from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab, Snapshot

PAUSE_SECONDS = 10.0
"""Time after which a live run is looked at again."""

SHARE = 0.05
"""Part of the time that looking at live runs again may take, all of them together: many, or long ones, are examined less often."""

MOST_BYTES = 8 << 20
"""Size of the metrics from which on they are not examined here; the trainer notes its findings when the run ends."""


@dataclass(frozen=True, slots=True)
class Background:
    """`findings` are the gravest first; `checkpoints` the updates at which the run can be taken up."""

    config: RunConfig | None = None
    findings: tuple[Finding, ...] = ()
    checkpoints: tuple[int, ...] = ()


class Backgrounds:
    """Reads backgrounds, and those of live runs again and again. What has not changed stays the same object."""

    def __init__(self, lab: Lab, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lab = lab
        self._clock = clock
        self._known: dict[str, Background] = {}
        self._statuses: dict[str, str] = {}
        self._due: dict[str, float] = {}
        self._free = -math.inf  # when the time that the last examination took is made up for

    def look(self, snapshot: Snapshot, run_ids: Iterable[str]) -> dict[str, Background]:
        """The backgrounds of these runs; blocks on the disk."""
        wanted = set(run_ids)
        runs = [run for run in snapshot.runs if run.id in wanted and run.path] if wanted else []
        now = self._clock()
        for run in sorted(runs, key=lambda run: self._due.get(run.id, now)):  # who has waited longest comes first
            began = self._clock()
            again = run.live and now >= max(self._due.get(run.id, now), self._free)
            if run.status != self._statuses.get(run.id) or again:
                found = self._read(run, snapshot)
                if found != self._known.get(run.id):
                    self._known[run.id] = found
                self._statuses[run.id] = run.status
                self._due[run.id] = began + PAUSE_SECONDS
                self._free = began + (self._clock() - began) / SHARE
        return {run.id: self._known[run.id] for run in runs}

    def _read(self, run: RunRecord, snapshot: Snapshot) -> Background:
        directory = self._lab.run_dir(run)
        config: RunConfig | None = None
        found: tuple[Finding, ...] = ()
        # The lists tell what is wrong with a run whose files are damaged or gone.
        with contextlib.suppress(OSError, DamagedFile):
            config = directory.config().config
        with contextlib.suppress(OSError, DamagedFile):
            found = self._findings(run, directory, config, snapshot)
        kept = sorted({one.about.progress.update for kind in ("last", "best") for one in saved(directory, kind)})
        return Background(config, found, tuple(kept))

    def _findings(
        self, run: RunRecord, directory: RunDir, config: RunConfig | None, snapshot: Snapshot
    ) -> tuple[Finding, ...]:
        result: Result | None = None if run.live else directory.result()
        noted = () if result is None else result.findings
        # Of an ended run only what depends on other runs, or what no trainer has looked at, is worth the time.
        if result is not None and not run.imported and not any(one.kind in REGRADED for one in noted):
            return noted
        if run.status == "queued" or directory.metrics_file.stat().st_size > MOST_BYTES:
            return noted
        from moetui.core.runs.health import findings, group_of_run  # all the rules, which few looks need
        from moetui.core.runs.same_order import SameOrder

        return findings(
            Measured(read_records(directory.metrics_file)),
            config,
            recorded=noted,
            group=group_of_run(run, snapshot.runs),
            peers=Peers if run.live else lambda: SameOrder(self._lab).peers(run, snapshot.runs),
        )
