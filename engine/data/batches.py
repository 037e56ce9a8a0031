"""From a token file to batches: training sequences in an order drawn per epoch, validation sequences in a fixed one.

Training walks through the concatenation of epochs. Position p is sequence p mod n of epoch p div n, and the order within an epoch
follows from the seed and the epoch alone; so the batch of any update is known without having drawn those before it.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.data.token_file import TokenFile


class Sequences:
    """A token file cut into sequences of equal length. The tokens after the last whole sequence belong to none.

    With `starts` they begin at these tokens instead, and may overlap.
    """

    def __init__(
        self, tokens: TokenFile, length: int, device: torch.device, starts: npt.NDArray[np.int64] | None = None
    ) -> None:
        self.length = length
        self.device = device
        self.left_over = len(tokens) % length if starts is None else 0
        self._tokens = tokens
        self._starts = starts

    def __len__(self) -> int:
        return len(self._tokens) // self.length if self._starts is None else len(self._starts)

    def read(self, indices: npt.NDArray[np.int64]) -> Tensor:
        """The sequences at `indices` on the host: (B, L) int64, page-locked if they are for a GPU."""
        starts = indices * self.length if self._starts is None else self._starts[indices]
        tokens_BL = torch.from_numpy(self._tokens.rows(starts, self.length).astype(np.int64))
        # Page-locked memory lets the copy run beside the computation.
        return tokens_BL.pin_memory() if self.device.type == "cuda" else tokens_BL

    def batch(self, indices: npt.NDArray[np.int64]) -> Tensor:
        """The sequences at `indices` on the device: (B, L) int64."""
        return self.read(indices).to(self.device, non_blocking=True)


class TrainingOrder:
    """Which sequences make up the training batch at any position.

    An epoch's order is held as a whole, 8 bytes a sequence: 80 MB for the 10 million sequences of 512 in 10 GB of tokens,
    drawn within two seconds once per epoch. A permutation computed entry by entry would save that and cost at every batch.
    """

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


def in_order(sequences: Sequences, batch_size: int, limit: int) -> list[range]:
    """The first `limit` sequences (0: all) in batches of up to `batch_size`: the indices of each."""
    count = min(limit, len(sequences)) if limit else len(sequences)
    return [range(start, min(start + batch_size, count)) for start in range(0, count, batch_size)]
