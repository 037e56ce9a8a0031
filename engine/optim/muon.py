"""Muon (Jordan et al., 2024): momentum, orthogonalized, for weight matrices."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from engine.optim.orthogonal import Coefficients, orthogonalize


class Muon:
    """Updates matrices stored as (in, out) and stacks of them (E, in, out), each matrix of a stack by itself.

    An update is the orthogonalized momentum scaled by max(1, out / in)^0.5, so that wide layers move as far as square ones.
    Weight decay is decoupled from the gradient: weights shrink by lr · decay.
    """

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        *,
        momentum: float,
        nesterov: bool,
        coefficients: Sequence[Coefficients],
        decay: Mapping[str, float],
    ) -> None:
        self.parameters = parameters
        self.momentum = momentum
        self.nesterov = nesterov
        self.coefficients = coefficients
        self.decay = decay
        self.buffers = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self._by_shape: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for name, parameter in parameters.items():
            self._by_shape[tuple(parameter.shape[-2:])].append(name)

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Apply the gradients at learning rate `lr`. Every parameter must have one."""
        for (d_in, d_out), names in self._by_shape.items():
            scale = max(1.0, d_out / d_in) ** 0.5
            directions = self._directions(names)
            for name, direction in zip(names, directions, strict=True):
                parameter = self.parameters[name]
                parameter.mul_(1.0 - lr * self.decay[name])
                parameter.add_(direction.view_as(parameter), alpha=-lr * scale)

    def _directions(self, names: list[str]) -> list[Tensor]:
        momenta = [self._advance(name) for name in names]
        if not momenta[0].is_cuda:
            # One matrix at a time: on a CPU a small matrix stays in the cache and batched products are no faster.
            return [
                torch.stack([orthogonalize(matrix, self.coefficients) for matrix in m.flatten(0, -3)])
                if m.ndim > 2
                else orthogonalize(m, self.coefficients)
                for m in momenta
            ]
        # All matrices of one shape in one batch: on a GPU the number of launches is what costs.
        stacks = [m.reshape(-1, *m.shape[-2:]) for m in momenta]
        batch = orthogonalize(torch.cat(stacks), self.coefficients)
        return list(batch.split([len(stack) for stack in stacks]))

    def _advance(self, name: str) -> Tensor:
        """Move the momentum buffer towards the gradient and return what is to be orthogonalized."""
        gradient, buffer = self.parameters[name].grad, self.buffers[name]
        assert gradient is not None, f"{name} has no gradient"
        buffer.lerp_(gradient, 1.0 - self.momentum)
        return gradient.lerp(buffer, self.momentum) if self.nesterov else buffer

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, by name."""
        return {f"momentum.{name}": buffer for name, buffer in self.buffers.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over the state of another instance."""
        for name, buffer in self.buffers.items():
            buffer.copy_(state[f"momentum.{name}"])
