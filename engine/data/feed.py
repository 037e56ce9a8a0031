"""Training batches, read from the disk by a thread of their own while the device computes on those before."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from torch import Tensor

from engine.data.batches import Sequences, TrainingOrder

AHEAD = 4  # batches that are read before they are asked for


class TrainingFeed:
    """The training batch at any position, quick if positions are asked for one after the other, or in the order of `after`.

    `waited` is the time in seconds that the trainer spent waiting for a batch so far. Which sequences a batch holds follows
    from its position alone; what is read ahead changes nothing.
    """

    def __init__(
        self, sequences: Sequences, seed: int, batch_size: int, after: Callable[[int], int] | None = None
    ) -> None:
        """`after`: the position that will be asked for after another; that of the next sequence if it is not said."""
        self.waited = 0.0
        self._sequences = sequences
        self._order = TrainingOrder(len(sequences), seed)
        self._batch_size = batch_size
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="data")
        self._after = after or (lambda position: position + batch_size)
        self._next = self._to_read = 0
        self._ahead: deque[Future[Tensor]] = deque()

    def at(self, position: int) -> Tensor:
        """The batch whose first sequence has this position, counted from the start of training: (B, L) on the device."""
        if position != self._next:
            self._skip_to(position)
        while len(self._ahead) <= AHEAD:
            self._ahead.append(self._reader.submit(self._read, self._to_read))
            self._to_read = self._after(self._to_read)
        self._next = self._after(position)
        before = time.perf_counter()
        tokens_BL = self._ahead.popleft().result()
        self.waited += time.perf_counter() - before
        return tokens_BL.to(self._sequences.device, non_blocking=True)

    def _skip_to(self, position: int) -> None:
        while self._ahead:
            self._ahead.popleft().cancel()
        self._next = self._to_read = position

    def _read(self, position: int) -> Tensor:
        return self._sequences.read(self._order.at(position, self._batch_size))
