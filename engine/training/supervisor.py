"""The process of a run on several devices of one machine: it starts the ranks, holds run.lock, and lets no rank outlive another.

It imports no torch. Rank 0 writes state, metrics, checkpoints and the ends that all agree on; the supervisor writes the result
where a rank has failed.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import InputError
from engine.ranks.place import patience
from engine.ranks.supervised import SUPERVISOR_VARIABLE, check_system
from engine.runfiles.history import read_records
from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.progress import Progress
from engine.runfiles.rankfiles import rank_end_file, rank_log
from engine.runfiles.rundir import RunDir
from engine.runfiles.saved import newest_progress
from engine.spec.config import RunConfig
from engine.training.blame import AGREED, Left, end_by, first_to_fail
from engine.training.reporter import Reporter
from engine.training.silent import SilentReporter
from engine.training.stopping import StopSwitch, TakenOver
from engine.training.worker import Refused, outcome, read_config, take_locks

GRACE = 5.0
"""Seconds that the other ranks have to say why they end, after one has failed, and to leave, after one has left."""

_POLL = 0.05

STOPS = {signal.SIGTERM, signal.SIGINT}


def supervise(
    path: Path, asked_to_stop: Callable[[], bool], count: int, command: Sequence[str] = ("-m", "engine")
) -> int:
    """Train the run in the directory `path` on `count` devices and return the exit code. Raises `Refused` if it cannot be started.

    `command`: what each rank executes with Python, before the path of the run.
    """
    started = time.time()
    run = RunDir(path)
    config = read_config(run, count)
    try:
        check_system()
    except InputError as error:
        raise Refused(str(error), 2) from None
    share = take_locks(run)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = StopSwitch(run, started)
    ranks = Processes(run, count, [*command, str(path)], share)
    left = ranks.attend(asked_to_stop)
    first = first_to_fail(left)
    rank_0 = next(one for one in left if one.rank == 0)
    if first is None or rank_0.code in AGREED:
        return rank_0.code
    try:
        stop.check_ownership()
    except TakenOver as error:
        print(f"{error}; nothing more is written", file=sys.stderr, flush=True)
        return 1
    return _record(run, config, first, count, started)


def _record(run: RunDir, config: RunConfig, first: Left, count: int, started: float) -> int:
    """Write how the run has ended, unless rank 0 has said it better; the exit code."""
    written = None
    with contextlib.suppress(OSError, DamagedFile):
        written = run.result()
    fresh = written is not None and written.ended >= started
    if first.rank == 0 and first.code > 0 and fresh:
        return 1
    progress = _progress(run, config)
    end = end_by(run, first, count, progress.update)
    print(f"{end.status}: {end.reason}", file=sys.stderr, flush=True)
    if written is not None and fresh:
        fields = {"status": end.status, "reason": end.reason, "traceback": end.traceback}
        result = written.model_copy(update=fields)
    else:
        result = outcome(run, config, end, progress, _last_word(run, config, progress, started))
    try:
        write_file(run.result_file, result, durable=True)
    except OSError as error:
        print(f"result.json could not be written: {error.strerror}", file=sys.stderr, flush=True)
    rank_end_file(run, first.rank).unlink(missing_ok=True)
    return 1


def _progress(run: RunDir, config: RunConfig) -> Progress:
    """How far a run has come whose rank 0 does not tell: its last checkpoint, and the updates recorded since."""
    progress = newest_progress(run)
    progress.session += 1
    with contextlib.suppress(OSError):
        for record in read_records(run.metrics_file)[-1:]:
            progress.update, progress.session = record["update"], record.get("session", 1)
            progress.tokens = progress.update * config.tokens_per_update
    return progress


def _last_word(run: RunDir, config: RunConfig, progress: Progress, started: float) -> Reporter:
    """The state of the run as its rank 0 left it, if it is of this session."""
    report = SilentReporter(run, updates=config.training.updates, session=progress.session, started=started)
    with contextlib.suppress(OSError, DamagedFile):
        if (state := run.state()) is not None and state.started >= started:
            report.state = state
    return report


class Processes:
    """The ranks of a run as processes of this machine."""

    def __init__(self, run: RunDir, count: int, command: Sequence[str], share: int) -> None:
        """Start them. `share` is a descriptor of procs.lock, which they inherit."""
        self._left: list[Left] = []
        self._hung: set[int] = set()
        self._since: float | None = None  # when the first left
        self._asked: float | None = None  # when the ranks were told to stop
        surroundings = _surroundings(count)
        # A rank takes signals when it can answer them.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            self._processes = {rank: _start(run, rank, command, surroundings, share) for rank in range(count)}
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def attend(self, asked_to_stop: Callable[[], bool]) -> list[Left]:
        """Wait until all have left, in the order in which they did; end those that others wait for in vain."""
        while self._processes:
            if asked_to_stop() and self._asked is None:
                self._asked = time.monotonic()
                for process in self._processes.values():
                    process.send_signal(signal.SIGTERM)
            self._reap()
            if self._overdue():
                for rank in self._awaited():
                    self._hung.add(rank)
                    self._processes[rank].kill()
            time.sleep(_POLL)
        return self._left

    def _reap(self) -> None:
        for rank, process in list(self._processes.items()):
            if (code := process.poll()) is not None:
                self._left.append(Left(rank, code, ours=rank in self._hung and code == -signal.SIGKILL))
                del self._processes[rank]
                self._since = self._since or time.monotonic()

    def _failed(self) -> bool:
        return any(one.code not in AGREED for one in self._left)

    def _awaited(self) -> list[int]:
        """The ranks that should have left: all after a failure, else those that have nothing to write."""
        return [rank for rank in self._processes if rank != 0 or self._failed() or not self._left]

    def _overdue(self) -> bool:
        now = time.monotonic()
        if self._since is not None:
            return now - self._since > GRACE
        return self._asked is not None and now - self._asked > patience()


def _surroundings(count: int) -> dict[str, str]:
    """The environment that all ranks share."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    threads = max(1, len(os.sched_getaffinity(0)) // count)
    usual = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": str(threads)}
    place = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return usual | os.environ | place | {SUPERVISOR_VARIABLE: str(os.getpid())}


def _start(
    run: RunDir, rank: int, command: Sequence[str], surroundings: dict[str, str], share: int
) -> subprocess.Popen[bytes]:
    rank_end_file(run, rank).unlink(missing_ok=True)
    with contextlib.ExitStack() as stack:
        log = None  # rank 0 speaks where the supervisor does
        if rank:
            log = stack.enter_context(open(rank_log(run, rank), "ab", opener=_no_link))
        return subprocess.Popen(
            [sys.executable, "-P", *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT if rank else None,
            env=surroundings | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            pass_fds=(share,),
        )


def _no_link(path: str, flags: int) -> int:
    """Open a file, but not through a link, by which a run from elsewhere could lead to a file outside of it."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)
