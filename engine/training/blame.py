"""Why a run on several devices has failed: which rank was the first to fail, and how."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from engine.runfiles.host import hostname
from engine.runfiles.rankfiles import rank_end, rank_log
from engine.runfiles.rundir import RunDir
from engine.training.ending import End
from engine.training.worker import EXIT_CODES, LOST_CONTACT

AGREED = frozenset({EXIT_CODES["finished"], EXIT_CODES["diverged"]})
"""Exit codes of ends that all ranks have agreed on."""


@dataclass(frozen=True, slots=True)
class Left:
    """How a rank left: its exit code, or minus the number of the signal that ended it; `ours`: it hung and was killed for that."""

    rank: int
    code: int
    ours: bool = False


def first_to_fail(left: Sequence[Left]) -> Left | None:
    """The rank that is to blame, given all in the order in which they left; None if they agreed on their end.

    Ranks that lose contact end because of another, and so do those that NCCL aborts.
    """
    return min(left, key=_innocence) if any(one.code not in AGREED or one.ours for one in left) else None


def _innocence(one: Left) -> int:
    if one.ours:
        return 2
    if one.code < 0:
        return 3 if one.code == -signal.SIGABRT else 0
    return {LOST_CONTACT: 5, **dict.fromkeys(AGREED, 4)}.get(one.code, 1)


def end_by(run: RunDir, one: Left, count: int, update: int) -> End:
    """The end of a run that a rank has failed in."""
    who = f"rank {one.rank} of {count} ({hostname()})"
    where = f"at update {update}; see {rank_log(run, one.rank).name}"
    if one.ours:
        return End("failed", f"{who} did not answer {where}")
    if one.code < 0:
        return End("failed", f"{who} was killed by {_name(-one.code)} {where}")
    word = rank_end(run, one.rank)
    if word is not None:
        return End(word.status, f"{who}: {word.reason}", word.traceback)
    return End("failed", f"{who} ended with exit code {one.code} {where}")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
