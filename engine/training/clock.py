"""Training time: wall time without evaluation and checkpoints."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class TrainingClock:
    """A stopwatch that is started once, can be paused, and goes on from where an earlier session stopped."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._before = seconds
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """Training seconds so far, over all sessions."""
        return self._before if self._since is None else self._before + time.perf_counter() - self._since

    def start(self) -> None:
        """Count from now on."""
        self._since = time.perf_counter()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not count what happens inside."""
        self._before, self._since = self.seconds, None
        try:
            yield
        finally:
            self._since = time.perf_counter()
