"""Muon (Jordan et al., 2024): momentum, orthogonalized, for weight matrices."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.optim.orthogonal import Coefficients, orthogonalize
from engine.optim.scale import Scale, update_scale
from engine.ranks.ranks import Ranks


@dataclass(frozen=True, slots=True)
class _Matrix:
    """One matrix, of a stack or alone: views of its weights, gradient and momentum, (M, N)."""

    weights: Tensor
    gradient: Tensor
    buffer: Tensor
    decay: float


class Muon:
    """Updates matrices stored as (in, out) and stacks of them (E, in, out), each matrix of a stack by itself.

    An update is the orthogonalized momentum times a factor that follows from the shape (engine.optim.scale).
    Weight decay is decoupled from the gradient: weights shrink by lr · decay.

    Orthogonalized momentum has the same length however old it is. So a matrix of a stack without a gradient, an expert that no
    token reached, would move on at full length; if `freeze_idle`, neither it nor its momentum moves.

    Several ranks hold the same gradients and momenta. Each orthogonalizes its share of the matrices, and then all have all.
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
        ranks: Ranks | None = None,
    ) -> None:
        """`products`: the dtype of the products of Newton–Schulz; `ranks`: those that share the work."""
        self.parameters = parameters
        self.momentum = momentum
        self.nesterov = nesterov
        self.coefficients = coefficients
        self.decay = decay
        self.scale: Scale = scale
        self.freeze_idle = freeze_idle
        self.products = products
        self.ranks = ranks or Ranks()
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
            elif self.ranks.count > 1:
                self._step_in_shares(names, lr)
            else:
                self._step_apart(names, lr)

    def _step_together(self, names: list[str], lr: float) -> None:
        """All matrices of one shape in one batch: on a GPU the number of launches is what costs."""
        reached = [self._reached(self._gradient(name)) for name in names]
        momenta = [
            self._advance(self._gradient(name), self.buffers[name], moving)
            for name, moving in zip(names, reached, strict=True)
        ]
        batch = torch.cat([_stacked(m) for m in momenta])
        directions = self._orthogonal(batch).split([len(_stacked(m)) for m in momenta])
        for name, direction, moving in zip(names, directions, reached, strict=True):
            parameter = self.parameters[name]
            self._move(parameter, direction.view_as(parameter), lr, self.decay[name], moving)

    def _step_apart(self, names: list[str], lr: float) -> None:
        """One matrix at a time from its gradient to its new weights: it stays in the cache, and batches are no faster."""
        for matrix in self._matrices(names):
            direction = orthogonalize(self._advance(matrix.gradient, matrix.buffer), self.coefficients, self.products)
            self._move(matrix.weights, direction, lr, matrix.decay)

    def _step_in_shares(self, names: list[str], lr: float) -> None:
        """`_step_apart` on several ranks: the same operations on the same matrices."""
        matrices = list(self._matrices(names))
        if not matrices:
            return
        momenta_BMN = torch.stack([self._advance(matrix.gradient, matrix.buffer) for matrix in matrices])
        for matrix, direction in zip(matrices, self._orthogonal(momenta_BMN), strict=True):
            self._move(matrix.weights, direction, lr, matrix.decay)

    def _orthogonal(self, momenta_BMN: Tensor) -> Tensor:
        """The matrices of one shape orthogonalized, each rank its share of them: (B, M, N)."""
        if self.ranks.count == 1:
            return orthogonalize(momenta_BMN, self.coefficients, self.products)
        each = -(-len(momenta_BMN) // self.ranks.count)
        first = self.ranks.place.rank * each
        done_SMN = momenta_BMN.new_zeros(each, *momenta_BMN.shape[1:])  # of one size on all ranks, as messages must be
        share_SMN = momenta_BMN[first : first + each]
        if share_SMN.is_cuda and len(share_SMN):
            done_SMN[: len(share_SMN)] = orthogonalize(share_SMN, self.coefficients, self.products)
        else:
            for momentum_MN, into_MN in zip(share_SMN, done_SMN, strict=False):
                into_MN.copy_(orthogonalize(momentum_MN, self.coefficients, self.products))
        # In the dtype of the products, in which they came out: that loses nothing and is half as many bytes in bfloat16.
        gathered_BMN = self.ranks.gather(done_SMN.to(self.products))[: len(momenta_BMN)]
        return gathered_BMN.to(momenta_BMN.dtype)

    def _matrices(self, names: list[str]) -> Iterator["_Matrix"]:
        """The matrices of one shape that move."""
        for name in names:
            gradient_BMN = _stacked(self._gradient(name))
            reached = self._reached(self._gradient(name))
            moving = [True] * len(gradient_BMN) if reached is None else reached.flatten().tolist()
            stacks = (_stacked(self.parameters[name]), gradient_BMN, _stacked(self.buffers[name]), moving)
            for weights, gradient, buffer, moves in zip(*stacks, strict=True):
                if moves:
                    yield _Matrix(weights, gradient, buffer, self.decay[name])

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
