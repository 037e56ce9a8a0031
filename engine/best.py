"""Keeping the weights of the lowest validation loss without letting the disk slow the training down."""

import time
from collections.abc import Callable

from engine.checkpoint import Checkpoint

_LARGEST_SHARE = 0.02  # of the time since the last writing may be spent on the next


class BestKeeper:
    """Holds the best weights in memory while writing them again so soon would cost too much."""

    def __init__(self, write: Callable[[Checkpoint], None]) -> None:
        self._write = write
        self._held: Checkpoint | None = None
        self._cost = 0.0
        self._wrote_at = time.monotonic()

    def keep(self, checkpoint: Checkpoint) -> None:
        """Take a new best, and write it now if that is cheap enough."""
        self._held = Checkpoint(
            checkpoint.about, {n: t.detach().to("cpu", copy=True) for n, t in checkpoint.model.items()}, {}
        )
        if self._cost <= _LARGEST_SHARE * (time.monotonic() - self._wrote_at):
            self.flush()

    def flush(self) -> None:
        """Write what is held, whatever it costs."""
        if self._held is None:
            return
        start = time.monotonic()
        self._write(self._held)
        self._held = None
        self._wrote_at = time.monotonic()
        self._cost = self._wrote_at - start
