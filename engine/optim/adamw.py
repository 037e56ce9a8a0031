"""AdamW (Loshchilov and Hutter, 2019) as one fused kernel."""

from collections.abc import Mapping

import torch
from torch import Tensor


class AdamW:
    """Adam with decoupled weight decay, one decay per parameter.

    It calls torch's fused kernel itself, because creating a torch.optim optimizer imports torch's compiler, more than a second.
    """

    def __init__(
        self, parameters: Mapping[str, Tensor], *, beta1: float, beta2: float, eps: float, decay: Mapping[str, float]
    ) -> None:
        self.parameters = parameters
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.decay = decay
        self.means = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self.squares = {name: torch.zeros_like(p) for name, p in parameters.items()}
        self.steps = {name: torch.zeros((), device=p.device) for name, p in parameters.items()}

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Apply the gradients at learning rate `lr`. Every parameter must have one."""
        for decay in dict.fromkeys(self.decay[name] for name in self.parameters):
            names = [name for name in self.parameters if self.decay[name] == decay]
            steps = [self.steps[name] for name in names]
            torch._foreach_add_(steps, 1.0)
            torch._fused_adamw_(
                [self.parameters[name] for name in names],
                [self._gradient(name) for name in names],
                [self.means[name] for name in names],
                [self.squares[name] for name in names],
                [],
                steps,
                lr=lr,
                beta1=self.beta1,
                beta2=self.beta2,
                weight_decay=decay,
                eps=self.eps,
                amsgrad=False,
                maximize=False,
            )

    def _gradient(self, name: str) -> Tensor:
        gradient = self.parameters[name].grad
        assert gradient is not None, f"{name} has no gradient"
        return gradient

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, by name."""
        parts = {"mean": self.means, "square": self.squares, "step": self.steps}
        return {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over the state of another instance."""
        for name, value in self.state().items():
            value.copy_(state[name])
