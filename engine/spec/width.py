"""How initialization, learning rates, decay and logits depend on the width of a model (docs/engine.md has the table).

The rule behind every row (Yang, Simon and Bernstein, 2023, arXiv 2310.17813): the spectral norm of each matrix and of its change
is proportional to √(out / in), so that what a layer puts out, and how far an update moves it, is the same at every width. Layers,
experts, choices per token, vocabulary, the width of a head and d_ff / d_model are taken to stay as they are.
"""

from dataclasses import dataclass
from typing import Literal

from engine.spec.model import ModelConfig
from engine.spec.optimizers import OptimizerConfig
from engine.spec.roles import Role

Mover = Literal["muon", "adamw"]


@dataclass(frozen=True, slots=True)
class WidthRules:
    """Factors relative to the base width; `ratio` is d_model over it. At a ratio of one every factor is exactly one."""

    ratio: float = 1.0
    router_exponent: float = 1.0
    embedding_exponent: float = 0.5

    def init(self, role: Role) -> float:
        """What the standard deviation of the initial weights is multiplied by."""
        exponent = self.router_exponent if role == "router" else 0.5
        return float(self.ratio**-exponent)

    def rate(self, role: Role, mover: Mover) -> float:
        """What the learning rate of its optimizer is multiplied by. Muon's scale sees to the width by itself."""
        if role == "gain" or mover == "muon":
            return 1.0
        exponent = {"router": self.router_exponent, "embedding": self.embedding_exponent, "head": 0.5}.get(role, 1.0)
        return float(self.ratio**-exponent)

    def decay(self, role: Role, mover: Mover) -> float:
        """What the weight decay is multiplied by: learning rate times decay stays, as arXiv 2510.19093 finds necessary."""
        return 1.0 / self.rate(role, mover)

    @property
    def output(self) -> float:
        """What the logits are multiplied by."""
        return float(self.ratio**-0.5)


STANDARD = WidthRules()
"""One initialization and one rate at every width."""


def width_rules(model: ModelConfig) -> WidthRules:
    """The rules that a model asks for."""
    if model.parametrization == "standard" or model.base_width is None:
        return STANDARD
    ratio = model.d_model / model.base_width
    return WidthRules(ratio, model.router_exponent, model.embedding_exponent)


def fault(model: ModelConfig, optimizer: OptimizerConfig) -> str:
    """Why these rules do not fit the optimizer, or nothing."""
    if model.parametrization == "standard":
        return ""
    if optimizer.kind == "sgd":
        return 'model.parametrization = "spectral" has no rule for optimizer.kind = "sgd"; take muon or adamw'
    odd = [target for target in optimizer.muon_targets if target in ("router", "embedding")]
    if optimizer.kind == "muon" and odd:
        return (
            f'model.parametrization = "spectral" has no rule for Muon on the {odd[0]}; '
            'leave optimizer.muon_targets to "attention" and "experts"'
        )
    return ""
