"""Asks live runs to stop, and kills what does not listen; a signal goes only to a process that is proved to be the run's."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

import psutil

from engine.runfiles.fulldisk import Reserve, is_full
from engine.runfiles.jsonfile import DamagedFile, text_of, write_file
from engine.runfiles.locks import own_procs_lock, procs_alive, run_lock_holder
from engine.runfiles.rundir import Launch, Request, Result, RunDir
from moetui.core.errors import LabError
from moetui.core.machine.launcher import confirm
from moetui.core.machine.processes import leader, of_run, trainer
from moetui.core.machine.retries import next_retry
from moetui.core.machine.starts import asked_to_go_on, asked_to_pause, begun
from moetui.core.machine.whereabouts import whereabouts


@contextlib.contextmanager
def before_start(run: RunDir) -> Iterator[bool]:
    """Keep every launcher from starting a run as long as this lasts. False if it does not wait, or somebody starts it already."""
    try:
        lock = own_procs_lock(run.procs_lock)  # no launcher can start it while we hold this
    except BlockingIOError:
        yield False
        return
    try:
        yield waits(run)
    finally:
        os.close(lock)


def waits(run: RunDir) -> bool:
    """Whether a run without a live process waits to start or to go on. Raises `OSError` or `DamagedFile`."""
    request, launch, state, result = run.request(), run.launch(), run.state(), run.result()
    return (
        _never_started(run)
        or asked_to_pause(request, launch)
        or asked_to_go_on(request, launch, state)
        or next_retry(run, request, launch, state, result, time.time()) is not None
    )


def _never_started(run: RunDir) -> bool:
    state = run.state()
    return state is None and not begun(run.launch(), state) and run.result() is None


def cancel_queued(run: RunDir, reason: str = "") -> bool:
    """End a run that has not started, or leave one that waits to go on as it was. False if it has started meanwhile."""
    with before_start(run) as waits:
        if not waits:
            return False
        request, launch = run.request(), run.launch()
        if _never_started(run):
            updates = run.config().config.training.updates
            end = Result(
                status="stopped", reason=reason or "stopped before it started", updates=updates, ended=time.time()
            )
            write_file(run.result_file, end, durable=True)
        elif launch is not None and (
            asked_to_pause(request, launch) or run.retries()
        ):  # what a user has stopped is never tried again
            stop = Request(stop=True, reason=reason, asked=time.time(), token=launch.token)
            write_file(run.request_file, stop, durable=True)
        elif request is not None and request.resume:
            run.request_file.unlink()
        with contextlib.suppress(OSError):  # it says nothing of a run that has ended
            run.queue_file.unlink(missing_ok=True)
        return True


def request_stop(run: RunDir, reason: str = "", *, pause: bool = False) -> None:
    """Ask the trainer to finish its update, checkpoint and end; the reason will stand in its result.

    With `pause` the run goes on when it is released.
    A signal asks as well as request.json does, so a full disk keeps nobody from a stop. Raises `OSError` if neither could be sent.
    """
    with contextlib.suppress(DamagedFile, OSError):
        confirm(run)
    launch = _launch(run)
    token = launch.token if launch else None
    request = Request(stop=True, pause=pause, reason=reason, asked=time.time(), token=token)
    try:
        write_file(run.request_file, request, durable=True)
    except OSError:
        if pause or not signal_trainer(run, signal.SIGTERM):
            raise
    else:
        signal_trainer(run, signal.SIGTERM)


def pausing(run: RunDir) -> bool:
    """Whether the run was asked to pause."""
    with contextlib.suppress(DamagedFile):
        return asked_to_pause(run.request(), run.launch())
    return False


def signal_trainer(run: RunDir, number: signal.Signals) -> bool:
    """Send a signal to the process that trains a run, which may be so young that it holds no lock. False if there is none here."""
    proved = trainer(run)
    if proved is not None:
        return _signal_proved(proved.pid, number, lambda: run_lock_holder(run.run_lock) == proved.pid)
    launch = run.launch()
    young = leader(launch) if launch is not None and whereabouts(launch, launch.started) == "here" else None
    if young is None:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        young.send_signal(number)
        return True
    return False


def kill(run: RunDir, *, seconds: float = 10.0) -> bool:
    """Kill every process of the run on this machine and wait until its locks are free. False if they are not free in time.

    That a user wanted it is written down before, since a run that was killed by somebody else may be tried again. If that cannot be
    written, the run is killed all the same, and `OSError` raised then.
    """
    fault: OSError | None = None
    if (launch := _launch(run)) is not None and run.retries():
        try:
            _write_stop(run, Request(stop=True, asked=time.time(), token=launch.token))
        except OSError as error:
            fault = error
    dead = _kill_all(run, seconds)
    if fault is not None:
        raise fault
    return dead


def _kill_all(run: RunDir, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while procs_alive(run.procs_lock) or run_lock_holder(run.run_lock) is not None:
        for process in of_run(run):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()  # psutil compares the start time first, so a recycled pid is safe
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _launch(run: RunDir) -> Launch | None:
    with contextlib.suppress(DamagedFile):
        return run.launch()
    return None


def _write_stop(run: RunDir, request: Request) -> None:
    """Write a request for a run that is killed then, on a full disk in the room of its trainer's last word. Raises `OSError`."""
    try:
        write_file(run.request_file, request, durable=True)
    except OSError as error:
        if not is_full(error):
            raise
        Reserve(run.reserve_file).become(run.request_file, text_of(request))


def take_over(run: RunDir, reason: str) -> None:
    """Give up the process of a run on another machine, out of reach. If it lives after all, it ends without another word."""
    launch, state = run.launch(), run.state()
    if launch is None or (state is not None and state.token not in ("", launch.token)):
        if state is None:
            raise LabError(f"{run.path}: nothing tells which process trained this run")
        launch = Launch(
            pid=state.pid,
            started=state.started,
            host=state.host,
            boot_id=state.boot_id,
            machine=state.machine,
            device=state.device,
            token=state.token,
        )
    write_file(run.launch_file, launch.model_copy(update={"taken_over": reason}), durable=True)


def _signal_proved(pid: int, number: signal.Signals, proof: Callable[[], bool]) -> bool:
    """Signal `pid` through a handle that cannot come to mean another process between the proof and the signal."""
    if not hasattr(os, "pidfd_open"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            return True
        return False
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if not proof():
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True
