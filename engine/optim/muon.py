"""Muon (Jordan et al., 2024): momentum, orthogonalized, for weight matrices."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from engine.optim.orthogonal import Coefficients, orthogonalize
from engine.optim.scale import Scale, update_scale


class Muon:
    """Updates matrices stored as (in, out) and stacks of them (E, in, out), each matrix of a stack by itself.

    An update is the orthogonalized momentum times a factor that follows from the shape (engine.optim.scale).
    Weight decay is decoupled from the gradient: weights shrink by lr · decay.

    Orthogonalized momentum has the same length however old it is. So a matrix of a stack without a gradient, an expert that no
    token reached, would move on at full length; if `freeze_idle`, neither it nor its momentum moves.
    """

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        *,
        momentum: float,
        nesterov: bool,
        coefficients: Sequence[Coefficients],
        decay: Mapping[str, float],
        scale: Scale = "original",
        freeze_idle: bool = True,
        products: torch.dtype = torch.float32,
    ) -> None:
        """`products`: the dtype of the products of Newton–Schulz."""
        self.parameters = parameters
        self.momentum = momentum
        self.nesterov = nesterov
        self.coefficients = coefficients
        self.decay = decay
        self.scale: Scale = scale
        self.freeze_idle = freeze_idle
        self.products = products
        self.buffers = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self._by_shape: dict[tuple[int, ...], list[str]] = defaultdict(list)
        for name, parameter in parameters.items():
            self._by_shape[tuple(parameter.shape[-2:])].append(name)

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Apply the gradients at learning rate `lr`. Every parameter must have one."""
        for names in self._by_shape.values():
            if self.parameters[names[0]].is_cuda:
                self._step_together(names, lr)
            else:
                for name in names:
                    self._step_apart(name, lr)

    def _step_together(self, names: list[str], lr: float) -> None:
        """All matrices of one shape in one batch: on a GPU the number of launches is what costs."""
        reached = [self._reached(self._gradient(name)) for name in names]
        momenta = [
            self._advance(self._gradient(name), self.buffers[name], moving)
            for name, moving in zip(names, reached, strict=True)
        ]
        batch = torch.cat([_stacked(m) for m in momenta])
        directions = orthogonalize(batch, self.coefficients, self.products).split([len(_stacked(m)) for m in momenta])
        for name, direction, moving in zip(names, directions, reached, strict=True):
            parameter = self.parameters[name]
            self._move(parameter, direction.view_as(parameter), lr, self.decay[name], moving)

    def _step_apart(self, name: str, lr: float) -> None:
        """One matrix at a time from its gradient to its new weights: it stays in the cache, and batches are no faster."""
        parameter, gradient_BMN = self.parameters[name], _stacked(self._gradient(name))
        reached = self._reached(self._gradient(name))
        moving = [True] * len(gradient_BMN) if reached is None else reached.flatten().tolist()
        stacks = (_stacked(parameter), gradient_BMN, _stacked(self.buffers[name]), moving)
        for weights, gradient, buffer, moves in zip(*stacks, strict=True):
            if moves:
                direction = orthogonalize(self._advance(gradient, buffer), self.coefficients, self.products)
                self._move(weights, direction, lr, self.decay[name])

    def _reached(self, gradient: Tensor) -> Tensor | None:
        """Which matrices of a stack move, (B, 1, 1), as 1 or 0 in the gradient's dtype; None if all do."""
        if gradient.ndim == 2 or not self.freeze_idle:
            return None
        return gradient.ne(0).any(dim=(1, 2), keepdim=True).to(gradient.dtype)

    def _gradient(self, name: str) -> Tensor:
        gradient = self.parameters[name].grad
        assert gradient is not None, f"{name} has no gradient"
        return gradient

    def _advance(self, gradient: Tensor, buffer: Tensor, moving: Tensor | None = None) -> Tensor:
        """Move the momentum buffer towards the gradient, where it moves, and return what is to be orthogonalized."""
        buffer.lerp_(gradient, 1.0 - self.momentum if moving is None else moving * (1.0 - self.momentum))
        return gradient.lerp(buffer, self.momentum) if self.nesterov else buffer

    def _move(self, weights: Tensor, direction: Tensor, lr: float, decay: float, moving: Tensor | None = None) -> None:
        shrink: float | Tensor = 1.0 - lr * decay
        if moving is not None:
            shrink, direction = 1.0 - lr * decay * moving, direction * moving
        weights.mul_(shrink).add_(direction, alpha=-lr * update_scale(self.scale, *weights.shape[-2:]))

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, by name."""
        return {f"momentum.{name}": buffer for name, buffer in self.buffers.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over the state of another instance."""
        for name, buffer in self.buffers.items():
            buffer.copy_(state[f"momentum.{name}"])


def _stacked(tensor: Tensor) -> Tensor:
    """A matrix or a stack of them as (B, in, out)."""
    return tensor.view(-1, *tensor.shape[-2:])
