"""The life of the process that trains a run: locks, signals, state, and a result however it ends.

Nothing here imports torch before the locks are held and state.json says that the run is starting.
"""

import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from engine.errors import InputError
from engine.health.examine import examine, merged
from engine.health.measured import Measured
from engine.health.setting import Setting
from engine.ranks.place import ALONE, LostContact, RankPlace
from engine.runfiles.fulldisk import Reserve, is_full, is_too_large
from engine.runfiles.history import read_records
from engine.runfiles.host import run_token
from engine.runfiles.jsonfile import DamagedFile, text_of, write_file
from engine.runfiles.locks import hold_run_lock, share_procs_lock
from engine.runfiles.progress import Progress
from engine.runfiles.rundir import EndStatus, Finding, Result, RunDir, Scores
from engine.runfiles.saved import newest_progress
from engine.spec.config import RunConfig
from engine.spec.devices import too_many_devices
from engine.training.ending import End
from engine.training.memory import is_out_of_memory
from engine.training.reporter import Reporter
from engine.training.stopping import StopRequested, StopSwitch, TakenOver

EXIT_CODES: dict[EndStatus, int] = {"finished": 0, "stopped": 0, "diverged": 4, "out-of-memory": 1, "failed": 1}

LOST_CONTACT = 75
"""Exit code of a rank that ends because another does not answer; EX_TEMPFAIL of sysexits.h."""

_FULL_PAUSE = 2.0
"""Seconds between two attempts to write on a full disk."""

TOO_LARGE = "a file is as large as the limit of this process (`ulimit -f`) or of the file system allows"

_MEMORY_ADVICE = (
    "out of memory: set training.micro_batch = auto, or lower training.batch_size (and raise training.accumulation to keep the "
    "update the same), or shorten data.sequence_length"
)


class Refused(Exception):  # noqa: N818  # reads as what it is where it is raised
    """A run that is not started at all; the text is one line for the user."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def work(path: Path, asked_to_stop: Callable[[], bool], place: RankPlace = ALONE, *, supervised: bool = False) -> int:
    """Train the run in the directory `path` and return the exit code. Raises `Refused` if it cannot be started.

    On several devices this is rank 0. `supervised`: the process that has started it holds run.lock.
    """
    started = time.time()
    run = RunDir(path)
    config = read_config(run, place.count)
    if supervised:
        share_lock(run)
    else:
        take_locks(run)
    progress = go_on(run)
    report = Reporter(run, updates=config.training.updates, session=progress.session, started=started)
    reserve = Reserve(run.reserve_file)
    reserve.fill()
    stop = StopSwitch(run, started)
    stop.install(asked_to_stop)
    try:
        end = train(run, config, progress, report, stop, place)
        if end.lost_contact:  # the other may have seen first that the run was taken over
            stop.check_ownership()
    except TakenOver as error:
        print(f"{error}; nothing more is written", file=sys.stderr, flush=True)
        return 1
    if end.status == "stopped" and not end.reason:
        end = replace(end, reason=stop.reason())
    if end.reason:
        print(f"{end.status}: {end.reason}", file=sys.stderr, flush=True)
    result = outcome(run, config, end, progress, report)
    try:
        _leave(run, result, reserve, stop)
        reserve.give_up()
    except OSError as error:
        print(f"result.json could not be written: {error.strerror}", file=sys.stderr, flush=True)
        return 1
    with contextlib.suppress(OSError):  # a wish that was not granted; the result says why
        _resumed(run)
    return LOST_CONTACT if end.lost_contact else EXIT_CODES[end.status]


def read_config(run: RunDir, devices: int) -> RunConfig:
    """The configuration of a run that is to be trained on so many devices. Raises `Refused` if that cannot be."""
    try:
        config = run.config().config
    except (OSError, DamagedFile) as error:
        raise Refused(str(error), 2) from None
    if words := too_many_devices(config, devices):
        raise Refused(words, 2)
    return config


def _leave(run: RunDir, result: Result, reserve: Reserve, stop: StopSwitch) -> None:
    """Write how the run ended, on a full disk in the room kept for that. Raises `OSError`.

    If that is gone, wait until there is room or the run is told to stop.
    """
    while True:
        try:
            write_file(run.result_file, result, durable=True)
        except OSError as error:
            if not is_full(error):
                raise
        else:
            return
        try:
            reserve.become(run.result_file, text_of(result))
        except OSError as error:
            if not is_full(error) or stop.requested():
                raise
        else:
            return
        time.sleep(_FULL_PAUSE)


def take_locks(run: RunDir) -> int:
    """Hold run.lock, and a share of procs.lock, until the process ends; the descriptor of the share."""
    with _locking(run):
        hold_run_lock(run.run_lock)
        return _share_patiently(run.procs_lock)


def share_lock(run: RunDir) -> None:
    """Hold a share of procs.lock until the process ends; another process of the run holds run.lock."""
    with _locking(run):
        _share_patiently(run.procs_lock)


@contextlib.contextmanager
def _locking(run: RunDir) -> Iterator[None]:
    try:
        yield
    except BlockingIOError:
        raise Refused(f"{run.path}: another process already trains this run", 1) from None
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}", 1) from None


def _share_patiently(path: Path, patience: float = 2.0) -> int:
    """Take the share. Whoever asks whether the run lives owns the lock for a moment, so try again for a while."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return share_procs_lock(path)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def go_on(run: RunDir) -> Progress:
    """What the sessions before have come to. Raises `Refused` if they leave nothing to do."""
    try:
        result, state = run.result(), run.state()
        if result is not None and result.status in ("finished", "diverged"):
            raise Refused(f"{run.path}: this run has {result.status}; nothing is left to train", 2)
    except (OSError, DamagedFile) as error:
        raise Refused(str(error), 1) from None
    progress = newest_progress(run)
    progress.session = 1 + max(progress.session, state.session if state else 0)
    return progress


def _resumed(run: RunDir) -> None:
    """Drop the wish to be resumed; until then a process that dies is started again."""
    with contextlib.suppress(DamagedFile):
        if (request := run.request()) is not None and request.resume:
            run.request_file.unlink(missing_ok=True)


def train(
    run: RunDir,
    config: RunConfig,
    progress: Progress,
    report: Reporter,
    stop: StopSwitch,
    place: RankPlace = ALONE,
) -> End:
    """Train, and say how it ended."""
    try:
        report.set(message="loading torch", update=progress.update, now=True)
        if stop.requested():
            return End("stopped")
        from engine.training.loop import Trainer

        trainer = Trainer(run, config, progress, report, stop, place)
        if place.first:
            run.result_file.unlink(missing_ok=True)  # it tells of the session before; this one writes its own
            _resumed(run)
        return trainer.train()
    except StopRequested:
        return End("stopped")
    except TakenOver:
        raise
    except BaseException as error:  # whatever it is, the run has ended and its readers want to know why
        return _broken_off(error)


def _broken_off(error: BaseException) -> End:
    """The end of a run that an error has ended."""
    if is_out_of_memory(error):
        return End("out-of-memory", _MEMORY_ADVICE)
    if is_too_large(error):
        return End("failed", f"{TOO_LARGE}: {error}; raise the limit, then `moetui resume` goes on")
    if is_full(error):
        return End("failed", f"the disk is full: {error}; make room, then `moetui resume` goes on")
    if isinstance(error, InputError | LostContact):
        return End("failed", str(error), lost_contact=isinstance(error, LostContact))
    trace = traceback.format_exc()
    print(trace, file=sys.stderr, flush=True)
    return End("failed", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}", trace)


def outcome(run: RunDir, config: RunConfig, end: End, progress: Progress, report: Reporter) -> Result:
    """The result of this session; that of the session before, with the reason, if this one could not go on from it."""
    with contextlib.suppress(DamagedFile):
        if end.status == "failed" and (before := run.result()) is not None:
            return before.model_copy(update={"reason": f"could not go on: {end.reason}", "token": run_token()})
    return _result(end, progress, report).model_copy(update={"findings": _findings(run, config, progress)})


def _result(end: End, progress: Progress, report: Reporter) -> Result:
    state = report.state
    return Result(
        status=end.status,
        reason=end.reason,
        traceback=end.traceback,
        update=progress.update,
        updates=state.updates,
        session=progress.session,
        tokens=progress.tokens,
        seconds=progress.seconds,
        started=state.started,
        ended=time.time(),
        device=state.device,
        device_name=state.device_name,
        dtype=state.dtype,
        compiled=state.compiled,
        data_fingerprint=state.data_fingerprint,
        peak_memory=progress.peak_memory,
        final=_final(end, progress),
        best=progress.best,
        stopped_early=end.early,
        token=run_token(),
    )


def _final(end: End, progress: Progress) -> Scores | None:
    """The scores of the weights that the run ends with: after early stopping those of the best evaluation."""
    if end.status == "diverged":
        return None
    return progress.best if end.early and progress.best else progress.latest


def _findings(run: RunDir, config: RunConfig, progress: Progress) -> tuple[Finding, ...]:
    """What the trainer noticed on the way, and what the whole record shows."""
    try:
        measured = Measured(read_records(run.metrics_file))
    except OSError:
        return progress.findings
    return merged(progress.findings, examine(measured, Setting.of(config)))
