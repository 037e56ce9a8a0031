"""The life of the process that trains a run: locks, signals, state, and a result however it ends.

Nothing here imports torch before the locks are held and state.json says that the run is starting.
"""

import errno
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from engine.config import RunConfig
from engine.errors import InputError
from engine.locks import hold_run_lock, share_procs_lock
from engine.progress import Progress
from engine.reporter import Reporter
from engine.rundir import DamagedFile, EndStatus, Result, RunDir, write_file
from engine.stopping import StopRequested, StopSwitch

EXIT_CODES: dict[EndStatus, int] = {"finished": 0, "stopped": 0, "diverged": 4, "out-of-memory": 1, "failed": 1}

_MEMORY_ADVICE = (
    "out of memory: lower training.batch_size (and raise training.accumulation to keep the update the same), "
    "or shorten data.sequence_length"
)


class Refused(Exception):  # noqa: N818  # reads as what it is where it is raised
    """A run that is not started at all; the text is one line for the user."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def work(path: Path, asked_to_stop: Callable[[], bool]) -> int:
    """Train the run in the directory `path` and return the exit code. Raises `Refused` if it cannot be started."""
    started = time.time()
    run = RunDir(path)
    try:
        config = run.config().config
    except (OSError, DamagedFile) as error:
        raise Refused(str(error), 2) from None
    take_locks(run)
    progress = Progress()
    report = Reporter(run, updates=config.training.updates, session=progress.session, started=started)
    stop = StopSwitch(run, started)
    stop.install(asked_to_stop)
    status, reason, trace = _train(run, config, progress, report, stop)
    result = _result(status, reason, trace, progress, report)
    if reason:
        print(f"{status}: {reason}", file=sys.stderr, flush=True)
    try:
        write_file(run.result_file, result, durable=True)
    except OSError as error:
        print(f"result.json could not be written: {error.strerror}", file=sys.stderr, flush=True)
        return 1
    return EXIT_CODES[status]


def take_locks(run: RunDir) -> None:
    """Hold run.lock, and a share of procs.lock, until the process ends."""
    try:
        hold_run_lock(run.run_lock)
        _share_patiently(run.procs_lock)
    except BlockingIOError:
        raise Refused(f"{run.path}: another process already trains this run", 1) from None
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}", 1) from None


def _share_patiently(path: Path, patience: float = 2.0) -> None:
    """Take the share. Whoever asks whether the run lives owns the lock for a moment, so try again for a while."""
    deadline = time.monotonic() + patience
    while True:
        try:
            share_procs_lock(path)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _train(
    run: RunDir, config: RunConfig, progress: Progress, report: Reporter, stop: StopSwitch
) -> tuple[EndStatus, str, str]:
    """Train, and say how it ended: status, reason, and a traceback if the fault is not the user's."""
    try:
        report.set(message="loading torch", now=True)
        if stop.requested():
            return "stopped", "", ""
        from engine.train import Trainer

        return Trainer(run, config, progress, report, stop).train(), "", ""
    except StopRequested:
        return "stopped", "", ""
    except InputError as error:
        return "failed", str(error), ""
    except BaseException as error:  # whatever it is, the run has ended and its readers want to know why
        if _is_out_of_memory(error):
            return "out-of-memory", _MEMORY_ADVICE, ""
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return "failed", f"the disk is full: {error}; make room and start the run again", ""
        trace = traceback.format_exc()
        print(trace, file=sys.stderr, flush=True)
        return "failed", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}", trace


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    # torch's allocator for the CPU has no exception of its own.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def _result(status: EndStatus, reason: str, trace: str, progress: Progress, report: Reporter) -> Result:
    state = report.state
    if not reason and progress.findings and status == "diverged":
        reason = progress.findings[-1].evidence
    return Result(
        status=status,
        reason=reason,
        traceback=trace,
        update=progress.update,
        updates=state.updates,
        session=progress.session,
        tokens=progress.tokens,
        seconds=progress.seconds,
        started=state.started,
        ended=time.time(),
        device=state.device,
        device_name=state.device_name,
        data_fingerprint=state.data_fingerprint,
        peak_memory=progress.peak_memory,
        final=None if status == "diverged" else progress.latest,
        best=progress.best,
        findings=progress.findings,
    )
