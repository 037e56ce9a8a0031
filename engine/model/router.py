"""The router: which experts each token is sent to, with what weight, and how evenly the experts are used."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.config import ModelConfig


@dataclass(frozen=True, slots=True)
class Routing:
    """The router's decision for T tokens: the K experts of each (int64), their weights, and what it says of the layer.

    `balance` is the unweighted balance loss; `load_E` the fraction of assignments that each expert got; `entropy` the mean
    entropy of the router's distribution over all experts in nats, None in training.
    """

    experts_TK: Tensor
    weights_TK: Tensor
    balance: Tensor
    load_E: Tensor
    entropy: Tensor | None


class Router(nn.Module):
    """Noisy top-k routing with a softmax over the chosen logits (Shazeer et al., 2017), in float32."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.top_k = config.top_k
        self.noise = config.router_noise
        self.weight = nn.Parameter(torch.empty(config.d_model, config.n_experts))

    def forward(self, x_TD: Tensor) -> Routing:
        """Route T tokens given their float32 representation."""
        logits_TE = x_TD @ self.weight
        if self.training and self.noise > 0:
            logits_TE = logits_TE + torch.randn_like(logits_TE) * self.noise
        chosen_TK, experts_TK = logits_TE.topk(self.top_k, dim=-1)
        probabilities_TE = logits_TE.softmax(dim=-1)
        load_E = assignment_load(experts_TK, self.weight.shape[1])
        entropy = None
        if not self.training:
            entropy = -(probabilities_TE * logits_TE.log_softmax(dim=-1)).sum(dim=-1).mean()
        return Routing(
            experts_TK=experts_TK,
            weights_TK=chosen_TK.softmax(dim=-1),
            balance=balance_loss(probabilities_TE, load_E),
            load_E=load_E,
            entropy=entropy,
        )


def assignment_load(experts_TK: Tensor, n_experts: int) -> Tensor:
    """Fraction of the T·K assignments that each expert got, (E,), without waiting for the device as bincount does."""
    every_E = torch.arange(n_experts, device=experts_TK.device)
    return (experts_TK.reshape(-1, 1) == every_E).float().mean(dim=0)


def balance_loss(probabilities_TE: Tensor, load_E: Tensor) -> Tensor:
    """Switch Transformer's auxiliary loss (Fedus et al., 2021): E · Σ load · mean probability; 1 when balanced."""
    return probabilities_TE.shape[1] * (load_E * probabilities_TE.mean(dim=0)).sum()
