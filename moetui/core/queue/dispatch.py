"""The dispatcher: starts queued runs on free devices, one dispatcher per workspace and host.

It keeps no state: which runs wait is in the catalogue, which devices are taken is in the run directories and their locks. Kill
it at any time; the runs go on, and the next dispatcher carries on from the same facts. It ends when nothing waits or runs.

    python -m moetui.core.queue.dispatch WORKSPACE STARTING

STARTING is the descriptor of the lock that says one is on its way (see `core.launcher.start_dispatcher`).
"""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from engine.runfiles.fulldisk import is_full, log_that_may_be_full
from engine.runfiles.host import hostname
from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.locks import hold_run_lock
from engine.runfiles.rundir import Result, RunDir, RunFile
from engine.spec.harmless import harmless
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.interface import SCHEDULERS
from moetui.core.errors import CatalogueError, LabError
from moetui.core.machine.devices import Device, devices
from moetui.core.machine.launcher import confirm, launch, record_exit
from moetui.core.preferences import read_settings
from moetui.core.queue.edit import prune
from moetui.core.queue.memory import Memory
from moetui.core.queue.placement import Placement, Unplaced, disk_of, places
from moetui.core.queue.pruning import Pruner
from moetui.core.queue.queueing import in_order
from moetui.core.queue.racing import Racer
from moetui.core.runs.alerts import tell_findings
from moetui.core.runs.background import Backgrounds
from moetui.core.runs.lab import Lab, Snapshot, waits_here
from moetui.core.workspace import Workspace

POLL_SECONDS = 0.2
LARGEST_SHARE = 0.05
"""Of one core; a long queue is looked at less often."""

BUSY_POLL_SECONDS = 2.0
"""Pause between two looks while every fitting device is taken by other people's processes."""


ALERT_SECONDS = 30.0
"""Pause between two looks for findings of live runs, where the user has a command that is told of them."""


PATIENCE = 60.0
"""Seconds for which a dispatcher without trainers of its own waits for a catalogue that it cannot use."""


class Dispatcher:
    """One pass after another over the queue; `step` returns how long to wait, or None when there is nothing left to do."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._pruner = Pruner(lab)
        self._racer = Racer(lab)
        self._children: dict[str, tuple[RunDir, subprocess.Popen[bytes]]] = {}
        self._said: set[str] = set()
        self._confirmed: set[str] = set()  # the live runs whose launch.json is known to name their process
        self._backgrounds = Backgrounds(lab)
        self._look_again = 0.0
        self._alerted: set[tuple[str, str]] = set()
        self._entries: dict[str, RunFile] = {}  # of the runs that wait; what is read of them here never changes

    @property
    def has_children(self) -> bool:
        """Whether trainers that this dispatcher has started are not known to have ended."""
        return bool(self._children)

    def step(self) -> float | None:
        """Note what ended, start what fits."""
        self._reap()
        snapshot = self._lab.snapshot(dispatch=False)
        noted = {run.id: run.status for run in self._lab.records() if run.id not in self._children}
        self._lab.note_ends(
            run for run in snapshot.runs if not run.pending and noted.get(run.id, run.status) != run.status
        )
        queued = [run for run in in_order(snapshot.runs) if waits_here(run)]
        live = [run for run in snapshot.runs if run.live and run.backend not in SCHEDULERS]
        self._confirm(live)
        self._prune(snapshot.runs)
        if (live or queued) and (room := self._lab.quota.room()).reached:
            gigabytes = f"{room.quota / 1e9:.3g} GB"
            self.say_once(
                f"the quota for checkpoints, {gigabytes}, is reached; `moetui gc --dry-run` shows what could go"
            )
        self._alert(snapshot, live)
        if not queued:
            return POLL_SECONDS if live or self._children else None
        return POLL_SECONDS if self._start(queued, live, snapshot.runs) or live else BUSY_POLL_SECONDS

    def _start(self, queued: list[RunRecord], live: list[RunRecord], runs: Sequence[RunRecord]) -> bool:
        """Start queued runs on devices with room, in their order. True if any was started or ended."""
        self._entries = {run.id: entry for run in queued if (entry := self._entries.get(run.id)) is not None}
        memory = Memory(runs)
        placement = Placement(
            places(self._lab, live, devices(), memory), memory, disk_of(self._lab), self._lab.quota.room()
        )
        acted = False
        now = time.time()
        for record in queued:
            if record.due is not None and record.due > now:
                continue  # it broke off a moment ago
            try:
                entry = self._entries.get(record.id) or self._lab.run_dir(record).config()
            except (OSError, DamagedFile) as error:
                self._refuse(record, str(error))
                acted = True
                continue
            self._entries[record.id] = entry
            place = placement.choose(entry)
            if isinstance(place, Unplaced):
                if place.never:
                    self._refuse(record, place.reason)
                    acted = True
            else:
                acted = self._launch(record, place.device, max(entry.per_device, entry.devices)) or acted
                place.take()  # also for one whose place in the queue is just being changed
        return acted

    def _launch(self, record: RunRecord, device: Device, slots: int) -> bool:
        run = self._lab.run_dir(record)
        try:
            process = launch(run, device, self._lab.workspace, slots)
        except BlockingIOError:
            return False  # it is held or being cancelled, or somebody else started it
        except (OSError, DamagedFile) as error:
            if is_full(error):
                self.say_once(f"{record.id} waits: the disk is full")
                return False
            why = str(error) if isinstance(error, DamagedFile) else error.strerror
            self._refuse(record, f"could not start: {why or error}")
            return True
        self._children[record.id] = (run, process)
        again = f", retry {(record.retried or 0) + 1}" if record.due is not None else ""
        _log(f"started {record.id} {record.name} on {device.name} (pid {process.pid}){again}")
        return True

    def _confirm(self, live: list[RunRecord]) -> None:
        """Adopt the trainers whose launcher died before it could write down their pid."""
        for record in live:
            if record.id not in self._confirmed:
                with contextlib.suppress(OSError, DamagedFile, LabError):
                    if (found := confirm(self._lab.run_dir(record))) is not None:
                        _log(f"adopted {record.id} {record.name} on {found.device} (pid {found.pid})")
                    self._confirmed.add(record.id)
        self._confirmed &= {record.id for record in live}

    def _prune(self, runs: Sequence[RunRecord]) -> None:
        for record, reason in itertools.chain(self._pruner.find(runs), self._racer.find(runs)):
            try:
                prune(self._lab, record, reason)
            except (LabError, DamagedFile, OSError) as error:  # it was deleted meanwhile, or cannot be written
                self.say_once(f"{record.id} is not stopped: {error}")
            else:
                _log(f"{record.id} {reason}")

    def _alert(self, snapshot: Snapshot, live: Sequence[RunRecord]) -> None:
        """Have the user's command told of what is found about live runs, now and then."""
        now = time.monotonic()
        if not live or now < self._look_again:
            return
        self._look_again = now + ALERT_SECONDS
        if read_settings(self._lab.workspace).notify:
            known = self._backgrounds.look(snapshot, (run.id for run in live))
            found = [(run, finding) for run in live if run.id in known for finding in known[run.id].findings]
            tell_findings(self._lab.workspace, (one for one in found if (one[0].id, one[1].kind) not in self._alerted))
            self._alerted |= {(run.id, finding.kind) for run, finding in found}

    def _refuse(self, record: RunRecord, reason: str) -> None:
        run = self._lab.run_dir(record)
        end = Result(status="failed", reason=reason, updates=record.updates, ended=time.time())
        with contextlib.suppress(OSError, DamagedFile):
            if (former := run.result()) is not None:  # it was to go on, and keeps what it had come to
                end = former.model_copy(update={"status": "failed", "reason": reason, "token": "", "ended": end.ended})
        with contextlib.suppress(OSError):
            write_file(run.result_file, end, durable=True)
            run.request_file.unlink(missing_ok=True)
        self.say_once(f"refused {record.id}: {reason}")

    def say_once(self, line: str) -> None:
        """Log a line, once however often what it tells is met again."""
        if line not in self._said:
            self._said.add(line)
            _log(line)

    def _reap(self) -> None:
        for run_id, (run, process) in list(self._children.items()):
            if (code := process.poll()) is None:
                continue
            try:
                record_exit(run, process)
            except (OSError, DamagedFile) as error:  # the run may have been deleted meanwhile
                if is_full(error):
                    self.say_once(f"the end of {run_id} is noted when there is room on the disk")
                    continue
            del self._children[run_id]
            _log(f"ended {run_id} with exit code {code}")


def main(arguments: list[str]) -> int:
    """Dispatch until the queue is empty. Returns at once if another dispatcher is at work."""
    with log_that_may_be_full(sys.stdout, sys.stderr):
        return _dispatch(arguments)


def _dispatch(arguments: list[str]) -> int:
    lab = Lab(Workspace(Path(arguments[0])))
    # Given back before the other lock is tried: whoever finds this one held relies on us to look at the queue after that.
    os.close(int(arguments[1]))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    while True:
        try:
            lock = hold_run_lock(lab.workspace.dispatcher_lock)
        except BlockingIOError:
            return 0
        try:
            _run(Dispatcher(lab))
        except CatalogueError as error:
            _log(f"gave up: {error}")
            return error.exit_code
        finally:
            os.close(lock)
        # Whoever queued a run while we still held the lock started no dispatcher: look once more without it.
        if not any(map(waits_here, lab.snapshot(dispatch=False).runs)):
            return 0


def _run(dispatcher: Dispatcher) -> None:
    """Step until nothing is left to do. Raises `CatalogueError` when runs.json cannot be used for long."""
    _log(f"dispatcher {os.getpid()} on {hostname()}")
    before, failing = time.process_time(), 0.0
    while True:
        try:
            pause = dispatcher.step()
            failing = 0.0
        except CatalogueError as error:
            # Only their parent learns how our trainers end, and a disk that is full now may have room in a minute.
            failing = failing or time.monotonic()
            if not dispatcher.has_children and time.monotonic() - failing > PATIENCE:
                raise
            dispatcher.say_once(f"waits: {error}")
            pause = BUSY_POLL_SECONDS
        if pause is None:
            return
        now = time.process_time()
        time.sleep(max(pause, min((now - before) / LARGEST_SHARE, BUSY_POLL_SECONDS)))
        before = now


def _log(line: str) -> None:
    print(time.strftime("%Y-%m-%d %H:%M:%S"), harmless(line), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
