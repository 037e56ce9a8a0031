"""The gradient noise scale of the optimizer's groups, from the micro-batches of every update.

McCandlish et al. (2018), appendix A.1. With k micro-batches of b sequences, gradients g₁ … g_k and their mean ḡ, the unbiased
estimates of an update are

    signal    |G|²   = (k·|ḡ|² − S) / (k − 1)             S = mean of |gᵢ|²
    variance  tr(Σ)  = (S − |ḡ|²) · b·k / (k − 1)         of the gradient of one sequence

and the noise scale tr(Σ) / |G|² is in sequences: the batch from which on more sequences hardly help. Its two parts are averaged
apart, as the mean of ratios is biased. Gradients are those before clipping. With micro-batches of one sequence and no balance loss
the variance is exactly that of the sequences' gradients; a balance loss makes a micro-batch more than the mean of its sequences.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from engine.optim.optimizer import Optimizer, global_norm
from engine.ranks.ranks import Ranks
from engine.runfiles.metrics import Record
from engine.spec.config import RunConfig
from engine.spec.roles import role_of

EMBEDDING = "embedding"
"""The group of the embedding, whatever optimizer it has: it holds nearly all of both parts."""
MEMORY = 0.98
"""What an update leaves of the averages before it, so that they reach back about fifty updates."""


class NoiseMeter:
    """Compares the gradients of the micro-batches of each update. Everything stays on the device until it is read."""

    def __init__(self, config: RunConfig, optimizer: Optimizer, mine: int) -> None:
        """The gradients of the optimizer's parameters; `mine` of the 2 or more micro-batches of an update are this rank's."""
        self._mine = mine
        self._parameters = optimizer.parameters
        self._batch, self._count = config.training.batch_size, config.training.accumulation
        groups = {name: _group(name, p, config) for name, p in self._parameters.items()}
        self._groups = tuple(dict.fromkeys(groups.values()))
        self._members = [[name for name in groups if groups[name] == group] for group in self._groups]
        self._before: dict[str, Tensor] = {}
        self._squares: list[Tensor] = []
        self._sum: list[Tensor] = []
        self._average: Tensor | None = None

    def begin(self) -> None:
        """Begin an update, anew if it had begun."""
        self._before, self._squares = {}, []

    @torch.no_grad()
    def add(self) -> None:
        """Take in the gradient that a micro-batch has added; it is 1 / accumulation of its own."""
        gradients = {name: p.grad for name, p in self._parameters.items() if p.grad is not None}
        added = {name: grad - self._before[name] if name in self._before else grad for name, grad in gradients.items()}
        self._squares.append(self._count**2 * self._square(added))
        if len(self._squares) < self._mine:
            self._before = {name: grad.clone() for name, grad in gradients.items()}

    def read(self) -> Record:
        """The mean parts of the updates since it was last read, and the noise scales of the averages; waits for the device."""
        if not self._sum:
            return {}
        assert self._average is not None
        parts_2G = torch.stack(self._sum).mean(0).tolist()
        self._sum.clear()
        record: Record = {}
        for place, group in enumerate(self._groups):
            record[f"gradient_signal_{group}"] = parts_2G[0][place]
            record[f"gradient_variance_{group}"] = parts_2G[1][place]
        signal_G, variance_G = self._average.tolist()
        rest = [place for place, group in enumerate(self._groups) if group != EMBEDDING]
        scales = {f"noise_scale_{group}": [place] for place, group in enumerate(self._groups)} | {"noise_scale": rest}
        for key, places in scales.items():
            signal = sum(signal_G[place] for place in places)
            if signal > 0:  # an unbiased estimate may be below zero; then there is no scale yet
                record[key] = sum(variance_G[place] for place in places) / signal
        return record

    @torch.no_grad()
    def end(self, ranks: Ranks) -> None:
        """Turn the squares of an update, whose gradients the ranks have added up, into its unbiased parts."""
        k, b = self._count, self._batch
        small_G = torch.stack(self._squares).sum(0) / k
        if ranks.count > 1:
            ranks.add_up([small_G])
        whole_G = self._square({name: p.grad for name, p in self._parameters.items() if p.grad is not None})
        signal_G = (k * whole_G - small_G) / (k - 1)
        parts_2G = torch.stack([signal_G, (small_G - whole_G) * b * k / (k - 1)])
        self._sum.append(parts_2G)
        self._average = parts_2G if self._average is None else self._average.lerp(parts_2G, 1 - MEMORY)
        self.begin()

    def _square(self, gradients: Mapping[str, Tensor]) -> Tensor:
        """The squared norm of each group (G)."""
        device = next(iter(self._parameters.values())).device
        return torch.stack(
            [_squared([gradients[name] for name in members if name in gradients], device) for members in self._members]
        )


def _squared(gradients: Sequence[Tensor], device: torch.device) -> Tensor:
    return global_norm(gradients).double() ** 2 if gradients else torch.zeros((), dtype=torch.float64, device=device)


def _group(name: str, parameter: Tensor, config: RunConfig) -> str:
    role, optimizer = role_of(name, parameter), config.optimizer
    if role == "embedding":
        return EMBEDDING
    return "adamw" if optimizer.kind == "muon" and role not in optimizer.muon_targets else optimizer.kind
