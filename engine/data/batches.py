"""From a token array to batches: training sequences in an order drawn per epoch, validation sequences in a fixed one.

Training walks through the concatenation of epochs. Position p is sequence p mod n of epoch p div n, and the order within an epoch
follows from the seed and the epoch alone; so the batch of any update is known without having drawn those before it.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.data.corpus import Tokens


class Sequences:
    """A token array cut into sequences of equal length. The tokens after the last whole sequence belong to none."""

    def __init__(self, tokens: Tokens, length: int, device: torch.device) -> None:
        self.length = length
        self.device = device
        self.left_over = len(tokens) % length
        self._rows = tokens[: len(tokens) - self.left_over].reshape(-1, length)

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, indices: npt.NDArray[np.int64]) -> Tensor:
        """The sequences at `indices` on the device: (B, L) int64."""
        tokens_BL = torch.from_numpy(self._rows[indices].astype(np.int64))
        if self.device.type != "cuda":
            return tokens_BL
        # Page-locked memory lets the copy run beside the computation.
        return tokens_BL.pin_memory().to(self.device, non_blocking=True)


class TrainingOrder:
    """Which sequences make up the training batch at any position."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.seed = seed
        self._epoch = -1
        self._order = np.zeros(0, dtype=np.int64)

    def at(self, position: int, size: int) -> npt.NDArray[np.int64]:
        """Indices of the `size` sequences from `position` on, counted from the start of training over all epochs."""
        parts = []
        while size > 0:
            epoch, start = divmod(position, self.count)
            part = self._epoch_order(epoch)[start : start + size]
            parts.append(part)
            position += len(part)
            size -= len(part)
        return np.concatenate(parts)

    def _epoch_order(self, epoch: int) -> npt.NDArray[np.int64]:
        if epoch != self._epoch:
            self._order = np.random.default_rng([self.seed, epoch]).permutation(self.count)
            self._epoch = epoch
        return self._order


def in_order(sequences: Sequences, batch_size: int, limit: int) -> Iterator[Tensor]:
    """The first `limit` sequences (0: all) in batches of up to `batch_size`: each (B, L)."""
    count = min(limit, len(sequences)) if limit else len(sequences)
    for start in range(0, count, batch_size):
        yield sequences.batch(np.arange(start, min(start + batch_size, count)))
