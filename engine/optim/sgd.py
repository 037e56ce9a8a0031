"""Stochastic gradient descent with momentum (Sutskever et al., 2013)."""

from collections.abc import Mapping

import torch
from torch import Tensor


class Sgd:
    """The momentum is the decayed sum of the gradients, as torch has it.

    Weight decay is decoupled from the gradient (Loshchilov and Hutter, 2019): weights shrink by lr · decay.
    """

    def __init__(
        self, parameters: Mapping[str, Tensor], *, momentum: float, nesterov: bool, decay: Mapping[str, float]
    ) -> None:
        self.parameters = parameters
        self.momentum = momentum
        self.nesterov = nesterov
        self.decay = decay
        self.buffers = {name: torch.zeros_like(p) for name, p in parameters.items()}

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Apply the gradients at learning rate `lr`. Every parameter must have one."""
        for name, parameter in self.parameters.items():
            gradient, buffer = parameter.grad, self.buffers[name]
            assert gradient is not None, f"{name} has no gradient"
            buffer.mul_(self.momentum).add_(gradient)
            direction = gradient.add(buffer, alpha=self.momentum) if self.nesterov else buffer
            parameter.mul_(1.0 - lr * self.decay[name]).add_(direction, alpha=-lr)

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, by name."""
        return {f"momentum.{name}": buffer for name, buffer in self.buffers.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over the state of another instance."""
        for name, buffer in self.buffers.items():
            buffer.copy_(state[f"momentum.{name}"])
