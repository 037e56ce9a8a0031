"""The optimizer of a run: Muon on the matrices of the blocks, AdamW on the rest, at a fixed ratio of learning rates."""

import torch
from torch import Tensor, nn

from engine.config import OptimizerConfig
from engine.optim.adamw import AdamW
from engine.optim.muon import Muon
from engine.optim.orthogonal import QUINTIC

TABLES = ("embedding_VD", "head_VD")  # their rows belong to tokens; as matrices they have no meaning to Muon


def takes_muon(name: str, parameter: Tensor, config: OptimizerConfig) -> bool:
    """Whether Muon updates this parameter: matrices but embedding and head, and the router only if so configured."""
    if parameter.ndim < 2 or name in TABLES:
        return False
    return config.router == "muon" or not name.endswith("router.weight")


def weight_decay(name: str, parameter: Tensor, config: OptimizerConfig) -> float:
    """Decoupled weight decay of this parameter."""
    if parameter.ndim < 2:
        return config.decay_gains
    return config.decay_embedding if name in TABLES else config.decay_matrices


class Hybrid:
    """Both optimizers as one."""

    def __init__(self, model: nn.Module, config: OptimizerConfig) -> None:
        self.config = config
        self.parameters = dict(model.named_parameters())
        matrices = {n: p for n, p in self.parameters.items() if takes_muon(n, p, config)}
        others = {n: p for n, p in self.parameters.items() if n not in matrices}
        self.muon = Muon(
            matrices,
            momentum=config.momentum,
            nesterov=config.nesterov,
            coefficients=[QUINTIC] * config.ns_steps,
            decay=config.decay_matrices,
        )
        self.adamw = AdamW(
            others,
            beta1=config.beta1,
            beta2=config.beta2,
            eps=config.eps,
            decay={n: weight_decay(n, p, config) for n, p in others.items()},
        )

    def step(self, lr: float) -> Tensor:
        """Clip the gradients, update every parameter at Muon learning rate `lr` and drop the gradients.

        Returns the global gradient norm before clipping, still on the device.
        """
        norm = self._clip()
        self.muon.step(lr)
        self.adamw.step(lr * self.config.adamw_ratio)
        for parameter in self.parameters.values():
            parameter.grad = None
        return norm

    @torch.no_grad()
    def _clip(self) -> Tensor:
        gradients = [p.grad for p in self.parameters.values() if p.grad is not None]
        norm: Tensor = torch.stack(torch._foreach_norm(gradients)).norm()
        if self.config.grad_clip > 0:
            # Clipping by a factor that stays on the device; a factor of one changes nothing.
            factor = (self.config.grad_clip / (norm + 1e-6)).clamp(max=1.0)
            torch._foreach_mul_(gradients, factor)
        return norm

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, by name."""
        return self.muon.state() | self.adamw.state()

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take over the state of another instance."""
        self.muon.load_state(state)
        self.adamw.load_state(state)
