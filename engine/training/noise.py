"""The random numbers of training: dropout and router noise."""

import numpy as np
import torch


def noise_seed(seed: int, update: int, micro: int) -> int:
    """The seed for the noise of micro-batch `micro` (from 0) of update `update` (from 1) of a run: 64 bits.

    It follows from what the micro-batch is and not from what was drawn before it or from who computes it. So a micro-batch has the
    same noise on any number of devices and after a resume. The bits are mixed (numpy's SeedSequence), since torch's generator of
    a processor takes the lower 32 of them.
    """
    return int(np.random.SeedSequence((seed, update, micro)).generate_state(1, np.uint64)[0])


def begin_noise(seed: int, update: int, micro: int) -> None:
    """Let torch's generators, those of all devices, begin the noise of a micro-batch."""
    torch.manual_seed(noise_seed(seed, update, micro))
