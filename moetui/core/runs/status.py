"""The status of a run, derived from what its directory holds and which locks live, never from a guess.

no lock is held, asked to go on         queued; held if somebody holds it back
result.json is there                    its own word: finished, stopped, diverged, out-of-memory, failed
a lock of the run is held               starting, running, stopping; stalled if the heartbeat is old
launched, but no lock is held           killed; lost if the host has rebooted since
never launched                          queued; held if somebody holds it back
"""

import signal
import time
from dataclasses import dataclass

from engine.runfiles.host import boot_id, hostname
from engine.runfiles.locks import procs_alive, run_lock_holder
from engine.runfiles.rundir import DamagedFile, Launch, Request, Result, RunDir, State, Wait
from moetui.core.catalogue.records import Scores, Status

STALL_SECONDS = 60.0
"""A trainer that has not spoken for so long is shown as stalled; it heals with its next word."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a run directory tells at one moment."""

    status: Status
    reason: str = ""
    state: State | None = None
    launch: Launch | None = None
    result: Result | None = None
    wait: Wait | None = None


def observe(run: RunDir, *, now: float | None = None) -> Observation:
    """Look at a run directory; never raises.

    A file that is damaged, or no file, shows as `failed` with the file named, or as `stalled` while a process of the run lives. So
    does one that cannot be read at the moment, and a directory that is gone while that of all runs cannot be seen.
    """
    if not run.path.is_dir():
        if run.path.parent.is_dir():
            return Observation("lost", f"its directory {run.path} is gone")
        return Observation("stalled", f"{run.path.parent} cannot be seen")
    # The locks are asked before result.json is read: a trainer that ends in between has written it by then.
    alive = run_lock_holder(run.run_lock) is not None or procs_alive(run.procs_lock)
    try:
        result, state, launch, request = run.result(), run.state(), run.launch(), run.request()
        wait = run.wait() if result is None or request is not None else None
        return _observe(run, alive, result, state, launch, request, wait, time.time() if now is None else now)
    except DamagedFile as error:
        return Observation("stalled" if alive else "failed", str(error))
    except OSError as error:
        return Observation("stalled", f"{error.filename}: {error.strerror}")


def _observe(
    run: RunDir,
    alive: bool,
    result: Result | None,
    state: State | None,
    launch: Launch | None,
    request: Request | None,
    wait: Wait | None,
    now: float,
) -> Observation:
    if request is not None and request.resume and not alive:
        return _waiting(wait, state, launch, result)
    if result is not None and not alive:
        return Observation(result.status, result.reason, state, launch, result)
    if alive or _on_another_host(launch):
        return _observe_living(request, state, launch, now)
    if state is None and launch is None:
        return _waiting(wait)
    return _observe_dead(state, launch)


def _waiting(
    wait: Wait | None, state: State | None = None, launch: Launch | None = None, result: Result | None = None
) -> Observation:
    if wait is not None and wait.held:
        return Observation("held", "held back until it is released", state, launch, result, wait)
    return Observation("queued", "", state, launch, result, wait)


def _observe_living(request: Request | None, state: State | None, launch: Launch | None, now: float) -> Observation:
    if state is None:
        return Observation("starting", "the process starts", None, launch)
    if state.phase == "stopping" or (request is not None and request.stop):
        return Observation("stopping", state.message, state, launch)
    silent = now - state.heartbeat
    if silent > STALL_SECONDS:
        return Observation("stalled", f"no word for {silent:.0f} s", state, launch)
    return Observation("starting" if state.phase == "starting" else "running", state.message, state, launch)


def _observe_dead(state: State | None, launch: Launch | None) -> Observation:
    booted = launch.boot_id if launch else state.boot_id if state else ""
    if booted != boot_id():
        return Observation("lost", "the host restarted while the run was live", state, launch)
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


def _on_another_host(launch: Launch | None) -> bool:
    """Locks do not reach over hosts: there, only the heartbeat tells."""
    return launch is not None and launch.host != hostname()


def final_scores(result: Result) -> Scores | None:
    """The scores of the last evaluation, with the training time of the whole run."""
    if result.final is None:
        return None
    return Scores.model_validate(result.final.model_dump() | {"seconds": result.seconds})


def best_scores(result: Result) -> Scores | None:
    """The scores of the best evaluation."""
    return None if result.best is None else Scores.model_validate(result.best.model_dump())
