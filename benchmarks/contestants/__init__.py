"""Implementations of one and the same size of model and update, to be measured side by side.

Each has the same depth, width, experts and vocabulary, a tied head, no dropout and no router noise, and the same objective: mean
cross-entropy of the next token plus the weighted balance loss.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from benchmarks.contestants.own import Own
from benchmarks.contestants.plain import PlainLoop
from benchmarks.contestants.transformers_moe import mixtral, olmoe
from engine.spec.config import RunConfig


class Contestant(Protocol):
    """A model and its optimizer on one device in one precision."""

    def forward_backward(self, tokens_BL: Tensor) -> Tensor:
        """Add the gradients of a micro-batch; returns its loss, on the device."""

    def step(self) -> None:
        """Clip the gradients, update the weights, and drop the gradients."""


Make = Callable[[RunConfig, torch.device, torch.dtype], Contestant]

OWN, PLAIN = "this engine", "plain loop"
LIBRARY = ("transformers Mixtral", "transformers OLMoE")

CONTESTANTS: dict[str, Make] = {OWN: Own, LIBRARY[0]: mixtral, LIBRARY[1]: olmoe, PLAIN: PlainLoop}
