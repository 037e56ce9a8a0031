"""The optimizer of a run: one that updates everything, or Muon on the chosen matrices and AdamW on the rest."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from engine.optim.adamw import AdamW
from engine.optim.muon import Muon
from engine.optim.orthogonal import coefficients
from engine.optim.sgd import Sgd
from engine.spec.learning import OptimizerConfig
from engine.spec.roles import role_of, weight_decay
from engine.spec.width import STANDARD, WidthRules

_PIECE = 65_536  # elements whose squares a processor sums up in float32; over millions the sum drifts by 1e-4 to 1e-3


class Part(Protocol):
    """An optimizer of some of the parameters."""

    def step(self, lr: float) -> None:
        """Apply the gradients at learning rate `lr`."""

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, by name."""

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over the state of another instance."""


class Optimizer:
    """All parts as one, each at its own ratio to the learning rate of the run."""

    def __init__(
        self,
        model: nn.Module,
        config: OptimizerConfig,
        compute: torch.dtype = torch.float32,
        rules: WidthRules = STANDARD,
    ) -> None:
        """`compute`: the dtype of the model's products; `rules`: how rates and decay depend on its width."""
        self.grad_clip = config.grad_clip
        self.parameters = dict(model.named_parameters())
        self.parts: list[tuple[Part, float]] = []
        roles = {name: role_of(name, p) for name, p in self.parameters.items()}
        decay = {name: weight_decay(role, config) for name, role in roles.items()}
        rest: dict[str, Tensor] = dict(self.parameters)
        if config.kind == "sgd":
            sgd = Sgd(rest, momentum=config.momentum, nesterov=config.nesterov, decay=decay)
            self.parts.append((sgd, 1.0))
            return
        if config.kind == "muon":
            matrices = {name: rest.pop(name) for name, role in roles.items() if role in config.muon_targets}
            muon = Muon(
                matrices,
                momentum=config.momentum,
                nesterov=config.nesterov,
                coefficients=coefficients(config.ns_coefficients, config.ns_steps),
                decay=decay,
                scale=config.muon_scale,
                freeze_idle=config.idle_experts == "frozen",
                products=_products(config, compute, on_gpu=any(p.is_cuda for p in matrices.values())),
            )
            self.parts.append((muon, 1.0))
        ratio = config.adamw_ratio if config.kind == "muon" else 1.0
        factors = {name: rules.rate(roles[name], "adamw") for name in rest}
        for factor in dict.fromkeys(factors.values()):
            members = {name: p for name, p in rest.items() if factors[name] == factor}
            scaled = {name: decay[name] * rules.decay(roles[name], "adamw") for name in members}
            adamw = AdamW(members, beta1=config.beta1, beta2=config.beta2, eps=config.eps, decay=scaled)
            self.parts.append((adamw, ratio * factor))

    def step(self, lr: float) -> Tensor:
        """Clip the gradients, update every parameter at learning rate `lr` times its part's ratio and drop the gradients.

        Returns the global gradient norm before clipping, still on the device.
        """
        norm = self._clip()
        for part, ratio in self.parts:
            part.step(lr * ratio)
        self.drop_gradients()
        return norm

    def drop_gradients(self) -> None:
        """Begin again, without gradients."""
        for parameter in self.parameters.values():
            parameter.grad = None

    @torch.no_grad()
    def _clip(self) -> Tensor:
        gradients = [p.grad for p in self.parameters.values() if p.grad is not None]
        norm = global_norm(gradients)
        if self.grad_clip > 0:
            # Clipping by a factor that stays on the device; a factor of one changes nothing.
            factor = (self.grad_clip / (norm + 1e-6)).clamp(max=1.0)
            torch._foreach_mul_(gradients, factor)
        return norm

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, by name."""
        return {name: value for part, _ in self.parts for name, value in part.state().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over the state of another instance."""
        for part, _ in self.parts:
            part.load_state(state)


def global_norm(tensors: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm of all elements of all tensors, on their device.

    A GPU sums up pieces of this size by itself; a processor does not.
    """
    pieces = [piece for t in tensors for piece in ([t] if t.is_cuda else t.reshape(-1).split(_PIECE))]
    norm: Tensor = torch.stack(torch._foreach_norm(pieces)).norm()
    return norm


def _products(config: OptimizerConfig, compute: torch.dtype, *, on_gpu: bool) -> torch.dtype:
    """The dtype of Muon's products."""
    if config.newton_schulz_dtype == "auto":
        return torch.bfloat16 if on_gpu else compute
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[config.newton_schulz_dtype]
