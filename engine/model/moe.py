"""The Mixture of Experts of one layer (Shazeer et al., 2017)."""

import torch
from torch import Tensor, nn

from engine.model.experts import Experts, SharedExperts
from engine.model.permutation import combine, dispatch, gather
from engine.model.router import Router, Routing
from engine.spec.model import ModelConfig


class MixtureOfExperts(nn.Module):
    """Sends each token to its K experts and sums their outputs, weighted by the router; shared experts are added as they are."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_experts = config.n_experts
        self.router = Router(config)
        self.experts = Experts(config)
        self.shared = SharedExperts(config) if config.shared_experts else None

    def forward(self, x_TD: Tensor, compute: torch.dtype) -> tuple[Tensor, Routing]:
        """(T, D) float32 → (T, D) float32; the experts compute in `compute`, the router in float32."""
        routing = self.router(x_TD)
        to = dispatch(routing.experts_TK, self.n_experts)
        x_TD = x_TD.to(compute)
        y_SD = self.experts(gather(x_TD, to), to.ends_E)
        y_TD = combine(y_SD, routing.weights_TK, to)
        return y_TD if self.shared is None else y_TD + self.shared(x_TD), routing
