"""How much of each core of the processor is in use."""

import time
from collections.abc import Sequence
from typing import Any

import psutil

FIRST_SECONDS = 0.1
"""The time that the first reading covers; later ones cover that since the one before."""


class CoreMeter:
    """Reads the cores again and again, from whatever thread: psutil's own percentages keep an account for each thread."""

    def __init__(self) -> None:
        self._spent: list[tuple[float, float]] = []

    def read(self) -> tuple[float, ...]:
        """The share of each core in use since the last reading, from 0 to 1. The first takes a moment."""
        before = self._spent or _spent()
        if not self._spent:
            time.sleep(FIRST_SECONDS)
        self._spent = _spent()
        if len(before) != len(self._spent):  # a core has come or gone
            before = [(0.0, 0.0)] * len(self._spent)  # its own account begins with the machine's
        return tuple(map(_share, before, self._spent))


def _spent() -> list[tuple[float, float]]:
    """Seconds that each core has spent in all, and at work."""
    return [_of_core(times) for times in psutil.cpu_times(percpu=True)]


def _of_core(times: Any) -> tuple[float, float]:
    # Linux counts the time of guests in that of their users, too.
    whole = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return whole, whole - times.idle - getattr(times, "iowait", 0.0)


def _share(before: Sequence[float], after: Sequence[float]) -> float:
    whole, work = after[0] - before[0], after[1] - before[1]
    return min(max(work / whole, 0.0), 1.0) if whole > 0 else 0.0  # the accounts of a kernel may run back a little
