"""Runs that look alive for as long as a block of code lasts."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from moetui.core.catalogue.records import RunRecord


class Alive:
    """A child process that stands in for the trainers of these runs; see `living`. Each tick does two updates of each run."""

    UPDATES = 2

    def __init__(self, workspace: Path, records: Iterable[RunRecord], *, seconds: float) -> None:
        """`seconds`: between two ticks; a long time leaves them to `tick`."""
        words = [str(workspace), str(seconds), str(self.UPDATES), *(record.id for record in records)]
        command = [sys.executable, "-m", "benchmarks.terminal.living", *words]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._wait()

    def tick(self) -> None:
        """Let every run go on now."""
        assert self._child.stdin is not None
        self._child.stdin.write("\n")
        self._child.stdin.flush()
        self._wait()

    def _wait(self) -> None:
        assert self._child.stdout is not None
        if not self._child.stdout.readline():
            raise RuntimeError("the process that keeps runs alive has ended")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.communicate()
