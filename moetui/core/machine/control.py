"""Asks live runs to stop, and kills what does not listen; a signal goes only to a process that is proved to be the run's."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

import psutil

from engine.runfiles.locks import own_procs_lock, procs_alive, run_lock_holder
from engine.runfiles.rundir import Request, Result, RunDir, write_file
from moetui.core.machine.processes import carriers


@contextlib.contextmanager
def before_start(run: RunDir) -> Iterator[bool]:
    """Keep every launcher from starting a run as long as this lasts. False if it does not wait, or somebody starts it already."""
    try:
        lock = own_procs_lock(run.procs_lock)  # no launcher can start it while we hold this
    except BlockingIOError:
        yield False
        return
    try:
        yield asked_to_go_on(run) or not (run.launch() or run.state() or run.result())
    finally:
        os.close(lock)


def asked_to_go_on(run: RunDir) -> bool:
    """Whether a run that had ended waits to go on."""
    request = run.request()
    return request is not None and request.resume


def cancel_queued(run: RunDir, reason: str = "") -> bool:
    """End a run that has not started, or leave one that waits to go on as it was. False if it has started meanwhile."""
    with before_start(run) as waits:
        if not waits:
            return False
        if asked_to_go_on(run):
            run.request_file.unlink()
        else:
            updates = run.config().config.training.updates
            end = Result(
                status="stopped", reason=reason or "stopped before it started", updates=updates, ended=time.time()
            )
            write_file(run.result_file, end, durable=True)
        run.queue_file.unlink(missing_ok=True)
        return True


def request_stop(run: RunDir, reason: str = "") -> None:
    """Ask the trainer to finish its update, checkpoint and end; the reason will stand in its result."""
    write_file(run.request_file, Request(stop=True, reason=reason, asked=time.time()))
    signal_trainer(run, signal.SIGTERM)


def signal_trainer(run: RunDir, number: signal.Signals) -> bool:
    """Send a signal to the process that holds the run's lock. False if there is none."""
    pid = run_lock_holder(run.run_lock)
    if pid is None:
        return _signal_unlocked(run, number)
    return _signal_proved(pid, number, lambda: run_lock_holder(run.run_lock) == pid)


def kill(run: RunDir, *, seconds: float = 10.0) -> bool:
    """Kill every process of the run and wait until its locks are free. False if they are not free in time."""
    deadline = time.monotonic() + seconds
    while procs_alive(run.procs_lock) or run_lock_holder(run.run_lock) is not None:
        for process in processes(run):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()  # psutil compares the start time first, so a recycled pid is safe
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def processes(run: RunDir) -> Iterator[psutil.Process]:
    """The live processes that carry the token of the run's last launch."""
    if (entry := run.launch()) is not None:
        yield from carriers(entry.token)


def _signal_unlocked(run: RunDir, number: signal.Signals) -> bool:
    """Signal a process so young that it holds no run.lock yet; it is ours if it carries the token."""
    entry = run.launch()
    for process in processes(run):
        if entry is not None and process.pid == entry.pid:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
                return True
    return False


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
