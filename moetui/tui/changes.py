"""Changes on disk that a screen makes: in threads, one after the other, in the order in which they were asked for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.errors import LabError

Task = Callable[[], str]
"""Changes something on disk and returns the sentence that says so, or raises `LabError`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task says, or why it could not be done."""

    said: str
    failed: bool = False


class Changes:
    """The tasks of one screen. Keys that come faster than the disk must not overtake each other."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()  # whoever waits for it longest gets it

    async def do(self, task: Task) -> Outcome:
        """Do the task in a thread as soon as those before it are done."""
        async with self._turn:
            return await asyncio.to_thread(_outcome, task)


def _outcome(task: Task) -> Outcome:
    try:
        return Outcome(task())
    except (LabError, DamagedFile, OSError) as error:
        return Outcome(str(error), failed=True)
