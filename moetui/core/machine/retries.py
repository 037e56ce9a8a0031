"""Trying runs again that were killed, lost or out of memory: whether one is due, when, and with how many sequences at once.

Nothing is decided that would have to be remembered. How often a run may be tried again stands in its config.json, which try a
process is in its launch.json, written before it starts; what follows from the two is the same for whoever looks.
"""

import time
from dataclasses import dataclass
from typing import Final

from engine.runfiles.rundir import Launch, Request, Result, RunDir, State
from engine.runfiles.saved import newest_progress
from moetui.core.machine.starts import asked_to_go_on, begun, belong_together, ends
from moetui.core.machine.whereabouts import LOST_SECONDS, whereabouts

FIRST_PAUSE: Final = 15.0
LONGEST_PAUSE: Final = 600.0
"""Seconds between an end and the next try: doubled with each try, as far as the longest."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The next try of a run: its number, how many there may be, and the moment before which it does not begin."""

    number: int
    of: int
    due: float


def next_retry(
    run: RunDir, request: Request | None, launch: Launch | None, state: State | None, result: Result | None, now: float
) -> Retry | None:
    """The try that a run without a live process waits for, None if it has ended for good. Raises `DamagedFile`.

    What a user has stopped, or taken over from another machine, is never tried again.
    """
    if launch is None or launch.taken_over:
        return None
    if request is not None and request.stop and request.token in (None, launch.token):
        return None
    if (ended := _broke_off(launch, state, result, now)) is None or (of := run.retries()) == 0:
        return None
    number = _next_number(launch, state)
    return Retry(number, of, 0.0 if ended > now else ended + pause(number)) if number <= of else None


def pause(number: int) -> float:
    """Seconds before the try of this number."""
    return min(FIRST_PAUSE * 2.0 ** (number - 1), LONGEST_PAUSE)


def try_of_next_launch(run: RunDir) -> tuple[int, int | None]:
    """Which try the next launch of a run is, 0 for the first or one that a user asked for, and its sequences at once.

    After a try that ran out of memory these are half as many as before. Raises `OSError` or `DamagedFile`.
    """
    launch, state, result = run.launch(), run.state(), run.result()
    if launch is None:
        return 0, None
    if (
        asked_to_go_on(run.request(), launch, state)
        or next_retry(run, None, launch, state, result, time.time()) is None
    ):
        return 0, launch.at_once
    out_of_memory = result is not None and result.status == "out-of-memory" and ends(result, launch)
    return _next_number(launch, state), _fewer(run, launch) if out_of_memory else launch.at_once


def _next_number(launch: Launch, state: State | None) -> int:
    """A launch that came to nothing was no try."""
    return max(launch.retry + begun(launch, state), 1)


def _fewer(run: RunDir, launch: Launch) -> int:
    known = (run.config().config.training.batch_size, launch.at_once, newest_progress(run).at_once)
    return -(-min(number for number in known if number is not None) // 2)


def _broke_off(launch: Launch, state: State | None, result: Result | None, now: float) -> float | None:
    """When the last process of a run ended by a signal, with its machine, or for want of memory; None if it did not end so."""
    came_to_nothing = not begun(launch, state)
    if result is not None and (came_to_nothing or ends(result, launch)):
        return result.ended if result.status == "out-of-memory" else None
    process = state if state is not None and (came_to_nothing or belong_together(launch, state)) else launch
    if came_to_nothing and process is launch:
        return None
    heard = process.heartbeat if isinstance(process, State) else process.started
    where = whereabouts(process, heard)
    if where == "here" and launch.exit_code is not None and launch.exit_code >= 0:
        return None
    return None if where == "elsewhere" and now - heard <= LOST_SECONDS else heard
