"""The curves of the watched runs, read a piece at a time while the runs go on."""

import math
import time
from collections.abc import Mapping
from pathlib import Path

from moetui.core.runs.curves import CurveFile, Curves
from moetui.tui import heap

MUCH_SECONDS = 0.1
"""A look that has read for so long has taken apart megabytes."""


class CurveReader:
    """Keeps the files of the watched runs open between two looks, and goes on reading where the last one stopped."""

    def __init__(self) -> None:
        self._files: dict[str, CurveFile] = {}
        self._much = False

    def read(self, files: Mapping[str, Path], seconds: float = math.inf) -> dict[str, Curves]:
        """The curves of these runs, whose metrics files are given, and of no others; the same object for what has not changed.

        It reads for about so many seconds at most; what is left comes with the next calls.
        """
        self._files = {run_id: self._files.get(run_id) or CurveFile(path) for run_id, path in files.items()}
        began = time.monotonic()
        until = began + seconds
        curves = {run_id: file.read(until - time.monotonic()) for run_id, file in self._files.items()}
        if time.monotonic() - began > MUCH_SECONDS:
            self._much = True
        elif self._much:
            self._much = False
            heap.trim()
        return curves
