"""The quota for checkpoints: how much room those of a workspace take, and how much they may."""

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from moetui.core.preferences import read_settings
from moetui.core.workspace import Workspace

PAUSE_SECONDS: Final = 30.0
"""Time for which a measurement of the room holds; thousands of directories take a while to look through."""


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that the checkpoints of a workspace take, and how many they may; `quota` 0 is no limit."""

    used: int
    quota: int

    @property
    def reached(self) -> bool:
        """Whether no more checkpoints should come."""
        return 0 < self.quota <= self.used

    @property
    def told(self) -> str:
        """`19.3 of 20 GB`."""
        return f"{self.used / 1e9:.3g} of {self.quota / 1e9:.3g} GB"


class Quota:
    """Measures the room now and then, and not at all without a quota."""

    def __init__(self, workspace: Workspace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._workspace = workspace
        self._clock = clock
        self._room = Room(0, 0)
        self._due = float("-inf")

    def room(self) -> Room:
        """The room as it was at most half a minute ago."""
        if (now := self._clock()) >= self._due:
            self._room = room_of(self._workspace)
            self._due = now + PAUSE_SECONDS
        return self._room


def room_of(workspace: Workspace) -> Room:
    """The room now; without a quota nothing is measured."""
    quota = read_settings(workspace).preferences.checkpoint_quota
    return Room(size_of(_checkpoints(workspace)) if quota else 0, quota)


def size_of(folders: Iterable[Path]) -> int:
    """Bytes of the files below these folders; a file that several share counts once."""
    seen: dict[tuple[int, int], int] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    seen[status.st_dev, status.st_ino] = status.st_size
    return sum(seen.values())


def _checkpoints(workspace: Workspace) -> Iterator[Path]:
    """The folder of checkpoints of each run, those in the trash as well."""
    for folder in (workspace.runs, workspace.trash):
        with contextlib.suppress(OSError):
            yield from (
                Path(entry.path) / "checkpoints" for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)
            )
