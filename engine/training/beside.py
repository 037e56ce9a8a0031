"""The life of a rank other than the first: it trains, writes nothing of the run, and leaves a file if it fails by itself."""

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

from engine.ranks.place import RankPlace
from engine.runfiles.jsonfile import write_file
from engine.runfiles.rankfiles import RankEnd, rank_end_file
from engine.runfiles.rundir import RunDir
from engine.training.ending import End
from engine.training.silent import SilentReporter
from engine.training.stopping import StopSwitch, TakenOver
from engine.training.worker import EXIT_CODES, LOST_CONTACT, go_on, read_config, share_lock, train


def work_beside(path: Path, asked_to_stop: Callable[[], bool], place: RankPlace) -> int:
    """Take part in training the run in the directory `path`; the exit code. Raises `Refused` if it cannot be started."""
    started = time.time()
    run = RunDir(path)
    config = read_config(run, place.count)
    share_lock(run)
    progress = go_on(run)
    report = SilentReporter(run, updates=config.training.updates, session=progress.session, started=started)
    stop = StopSwitch(run, started)
    stop.install(asked_to_stop)
    try:
        end = train(run, config, progress, report, stop, place)
    except TakenOver as error:
        print(f"{error}; this rank ends", file=sys.stderr, flush=True)
        return 1
    if end.reason:
        print(f"{end.status}: {end.reason}", file=sys.stderr, flush=True)
    if end.lost_contact:
        return LOST_CONTACT
    _leave_word(run, place.rank, end)
    return EXIT_CODES[end.status]


def _leave_word(run: RunDir, rank: int, end: End) -> None:
    """Say why this rank fails, for the supervisor; rank 0 tells of the ends that all agree on."""
    if end.status in ("failed", "out-of-memory"):
        word = RankEnd(rank=rank, status=end.status, reason=end.reason, traceback=end.traceback)
        with contextlib.suppress(OSError):  # its log says it too
            write_file(rank_end_file(run, rank), word, durable=True)
