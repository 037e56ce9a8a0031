"""The status of a run, derived from what its directory holds and which locks live, never from a guess.

no lock is held, asked to go on         queued; held if somebody holds it back
asked to pause, and no lock is held     paused
result.json of the last launch          its own word: finished, stopped, diverged, out-of-memory, failed
a lock of the run is held               starting, running, stopping; stalled if the heartbeat is old
on another machine                      the same, as long as its heartbeat moves; lost after a silence
launched, but no lock is held           killed; lost if the host has rebooted since, or the run was taken over
never launched                          queued; held if somebody holds it back

A run that was killed, lost or out of memory, and may be tried again, is queued as well (moetui.core.machine.retries).
"""

import signal
import time
from dataclasses import dataclass, replace
from typing import Final

from engine.runfiles.host import boot_id, uptime
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.locks import procs_alive, run_lock_holder
from engine.runfiles.rundir import Launch, Request, Result, RunDir, State, Wait
from moetui.core.catalogue.records import Scores, Status
from moetui.core.format import duration
from moetui.core.machine.retries import Retry, next_retry
from moetui.core.machine.starts import asked_to_go_on, asked_to_pause, begun, belong_together, ends, held_back
from moetui.core.machine.whereabouts import LOST_SECONDS, whereabouts

STALL_SECONDS: Final = 60.0
"""A trainer that has not spoken for so long is shown as stalled; it heals with its next word."""

BROKEN_OFF: Final[frozenset[Status]] = frozenset({"killed", "lost", "out-of-memory"})
"""Ends after which a run is tried again, if it may be."""

PAUSABLE: Final[frozenset[Status]] = frozenset({"stopped", "killed", "lost"})
"""Ends of a run that was asked to pause after which it counts as paused: it goes on from its last checkpoint."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a run directory tells at one moment. `elsewhere` names the other machine on which a live run is, if it is.

    `due` is the moment before which a run that is tried again does not start.
    """

    status: Status
    reason: str = ""
    state: State | None = None
    launch: Launch | None = None
    result: Result | None = None
    wait: Wait | None = None
    elsewhere: str = ""
    due: float | None = None


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a run directory at one moment."""

    request: Request | None
    launch: Launch | None
    state: State | None
    result: Result | None


def observe(run: RunDir, *, now: float | None = None) -> Observation:
    """Look at a run directory; never raises.

    A file that is damaged, or no file, shows as `failed` with the file named, or as `stalled` while a process of the run lives. So
    does one that cannot be read at the moment, and a directory that is gone while that of all runs cannot be seen.
    """
    if not run.path.is_dir():
        if run.path.parent.is_dir():
            return Observation("lost", f"its directory {run.path} is gone")
        return Observation("stalled", f"{run.path.parent} cannot be seen")
    alive = False
    try:
        # The locks are asked before result.json is read: a trainer that ends in between has written it by then.
        alive = run_lock_holder(run.run_lock) is not None or procs_alive(run.procs_lock)
        return _observe(run, _read(run), alive, time.time() if now is None else now)
    except DamagedFile as error:
        return Observation("stalled" if alive else "failed", str(error))
    except OSError as error:
        return Observation("stalled", f"{error.filename}: {error.strerror}")


def _read(run: RunDir) -> _Files:
    result, state, launch, request = run.result(), run.state(), run.launch(), run.request()
    return _Files(request, launch, state, result)


def _observe(run: RunDir, files: _Files, alive: bool, now: float) -> Observation:
    if alive:
        return _observe_living(files, now)
    if asked_to_go_on(files.request, files.launch, files.state):
        return _waiting(run, files)
    seen = _observe_unlocked(run, files, now)
    if seen.status in PAUSABLE and asked_to_pause(files.request, files.launch):
        return _paused(run, seen)
    if seen.status in BROKEN_OFF:
        again = next_retry(run, files.request, files.launch, files.state, files.result, now)
        if again is not None:
            return _tried_again(run, files, seen, again)
    return seen


def _observe_unlocked(run: RunDir, files: _Files, now: float) -> Observation:
    """A run that nobody has asked to go on, while no lock of it is held here."""
    launch, state, result = files.launch, files.state, files.result
    if not begun(launch, state):
        launch = None  # and what was before it stands
    if result is not None and (launch is None or ends(result, launch)):
        return Observation(result.status, result.reason, state, launch, result)
    if launch is not None and launch.taken_over:
        return Observation("lost", launch.taken_over, state, launch)
    process = state if launch is None or (state is not None and belong_together(launch, state)) else launch
    if process is None:
        return _waiting(run, files)
    return _observe_without_end(files, process, launch, state, now)


def _observe_without_end(
    files: _Files, process: Launch | State, launch: Launch | None, state: State | None, now: float
) -> Observation:
    """A run that was started and has no end, while no lock of it is held here."""
    heard = process.heartbeat if isinstance(process, State) else process.started
    where = whereabouts(process, heard)
    if where == "before the restart":
        return Observation("lost", "the host restarted while the run was live", state, launch)
    if where == "here":
        return _observe_dead(state, launch)
    if now - heard > LOST_SECONDS:
        return Observation("lost", f"no word from {process.host} for {duration(now - heard)}", state, launch)
    return _observe_living(files, now, elsewhere=process.host)


def _waiting(run: RunDir, files: _Files) -> Observation:
    wait = run.wait()
    reason = held_back(run, wait)
    return Observation("held" if reason else "queued", reason, files.state, None, files.result, wait)


def _paused(run: RunDir, end: Observation) -> Observation:
    """A run that gave its device back until it is released."""
    return replace(end, status="paused", reason="until it is released", wait=run.wait())


def _tried_again(run: RunDir, files: _Files, end: Observation, again: Retry) -> Observation:
    """A run that broke off and waits for its next try, with what it had come to."""
    waiting = _waiting(run, files)
    at = time.strftime("%H:%M:%S", time.localtime(again.due)) if again.due else "once"
    broke = f"{end.status}{f' ({end.reason})' if end.reason else ''}"
    reason = waiting.reason or f"retry {again.number} of {again.of} at {at}: {broke}"
    return replace(waiting, reason=reason, launch=files.launch, due=again.due)


def _observe_living(files: _Files, now: float, *, elsewhere: str = "") -> Observation:
    launch, state, request = files.launch, files.state, files.request
    if state is None or (launch is not None and state.token and state.token != launch.token):
        return Observation("starting", "the process starts", None, launch, elsewhere=elsewhere)
    stop = request is not None and request.stop and (launch is None or request.token in (None, launch.token))
    if state.phase == "stopping" or stop:
        message = state.message or ("to pause" if asked_to_pause(request, launch) else "")
        return Observation("stopping", message, state, launch, elsewhere=elsewhere)
    silent = silence(state, now)
    if silent > STALL_SECONDS:
        return Observation("stalled", f"no word for {duration(silent)}", state, launch, elsewhere=elsewhere)
    status: Status = "starting" if state.phase == "starting" else "running"
    return Observation(status, state.message, state, launch, elsewhere=elsewhere)


def silence(state: State, now: float) -> float:
    """Seconds since a trainer last spoke, on a clock that nobody sets where both are of one boot."""
    if state.uptime is not None and state.boot_id == boot_id():
        return uptime() - state.uptime
    return now - state.heartbeat


def _observe_dead(state: State | None, launch: Launch | None) -> Observation:
    code = launch.exit_code if launch else None
    if code is None:
        return Observation("killed", "the process is gone and left no result", state, launch)
    if code < 0:
        return Observation("killed", f"killed by {_signal_name(-code)}", state, launch)
    return Observation(
        "failed", f"the process ended with exit code {code} before it could write a result; see its log", state, launch
    )


def _signal_name(number: int) -> str:
    """The name of a signal; real-time signals, but for the first and the last, have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def final_scores(result: Result) -> Scores | None:
    """The scores of the last evaluation, with the training time of the whole run."""
    if result.final is None:
        return None
    return Scores.model_validate(result.final.model_dump() | {"seconds": result.seconds})


def best_scores(result: Result) -> Scores | None:
    """The scores of the best evaluation."""
    return None if result.best is None else Scores.model_validate(result.best.model_dump())
