"""The optimizer of a run: one that updates everything, or Muon on the chosen matrices and AdamW on the rest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from engine.optim.adamw import AdamW
from engine.optim.muon import Muon
from engine.optim.orthogonal import coefficients
from engine.optim.sgd import Sgd
from engine.ranks.ranks import Ranks
from engine.spec.optimizers import OptimizerConfig
from engine.spec.roles import Role, role_of, weight_decay
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


@dataclass(frozen=True, slots=True)
class Given:
    """What the parts of an optimizer are made from: parameters with their roles and weight decays, all by name.

    `compute` is the dtype of the model's products; `rules` tell how rates and decay depend on its width; `ranks` share work.
    """

    parameters: Mapping[str, Tensor]
    roles: Mapping[str, Role]
    decay: Mapping[str, float]
    config: OptimizerConfig
    compute: torch.dtype
    rules: WidthRules
    ranks: Ranks


Parts = list[tuple[Part, float]]
"""Each part with the ratio of its learning rate to that of the run."""


def _muon(given: Given) -> Parts:
    config = given.config
    matrices = {name: p for name, p in given.parameters.items() if given.roles[name] in config.muon_targets}
    muon = Muon(
        matrices,
        momentum=config.momentum,
        nesterov=config.nesterov,
        coefficients=coefficients(config.ns_coefficients, config.ns_steps),
        decay=given.decay,
        scale=config.muon_scale,
        freeze_idle=config.idle_experts == "frozen",
        products=_products(config, given.compute, on_gpu=any(p.is_cuda for p in matrices.values())),
        ranks=given.ranks,
    )
    rest = {name: p for name, p in given.parameters.items() if name not in matrices}
    return [(muon, 1.0), *_adamw_on(rest, given, config.adamw_ratio)]


def _adamw(given: Given) -> Parts:
    return _adamw_on(given.parameters, given, 1.0)


def _adamw_on(parameters: Mapping[str, Tensor], given: Given, ratio: float) -> Parts:
    """AdamW on these parameters, in as many parts as the width gives them different rates."""
    config, rules, parts = given.config, given.rules, []
    factors = {name: rules.rate(given.roles[name], "adamw") for name in parameters}
    for factor in dict.fromkeys(factors.values()):
        members = {name: parameter for name, parameter in parameters.items() if factors[name] == factor}
        decay = {name: given.decay[name] * rules.decay(given.roles[name], "adamw") for name in members}
        adamw = AdamW(members, beta1=config.beta1, beta2=config.beta2, eps=config.eps, decay=decay)
        parts.append((adamw, ratio * factor))
    return list(parts)


def _sgd(given: Given) -> Parts:
    config = given.config
    return [(Sgd(given.parameters, momentum=config.momentum, nesterov=config.nesterov, decay=given.decay), 1.0)]


BUILDERS: Mapping[str, Callable[[Given], Parts]] = {
    "muon": _muon,
    "adamw": _adamw,
    "sgd": _sgd,
}
"""The code of each kind of `engine.spec.optimizers.OPTIMIZERS`."""


class Optimizer:
    """All parts as one, each at its own ratio to the learning rate of the run."""

    def __init__(
        self,
        model: nn.Module,
        config: OptimizerConfig,
        compute: torch.dtype = torch.float32,
        rules: WidthRules = STANDARD,
        ranks: Ranks | None = None,
    ) -> None:
        """`compute`: the dtype of the model's products; `rules`: how rates and decay depend on its width.

        `ranks`: those that hold the same parameters and gradients and share the work; alone if it is not said.
        """
        self.grad_clip = config.grad_clip
        self.parameters = dict(model.named_parameters())
        roles = {name: role_of(name, p) for name, p in self.parameters.items()}
        decay = {name: weight_decay(role, config) for name, role in roles.items()}
        self.parts = BUILDERS[config.kind](
            Given(self.parameters, roles, decay, config, compute, rules, ranks or Ranks())
        )

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

    def gradients(self) -> list[Tensor]:
        """The gradients that there are, in the order of the parameters."""
        return [p.grad for p in self.parameters.values() if p.grad is not None]

    @torch.no_grad()
    def _clip(self) -> Tensor:
        gradients = self.gradients()
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
