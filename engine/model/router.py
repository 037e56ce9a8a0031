"""The router: which experts each token is sent to, with what weight, and how evenly the experts are used."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.spec.model import ModelConfig


@dataclass(frozen=True, slots=True)
class Routing:
    """The router's decision for T tokens: the K experts of each (int64), their weights, and what it says of the layer.

    `loss` is the balance loss and the z-loss, each times its weight; `load_E` the fraction of assignments that each expert got;
    `entropy` the mean entropy of the router's distribution over all experts in nats, None in training.
    """

    experts_TK: Tensor
    weights_TK: Tensor
    loss: Tensor
    load_E: Tensor
    entropy: Tensor | None


class Router(nn.Module):
    """Noisy routing in float32 to the K experts of the highest scores (Shazeer et al., 2017), or to all of them.

    Scores are a softmax of the logits or the sigmoid of each. Renormalized, the weights are the chosen scores over their sum;
    of a softmax that is the softmax of the chosen logits.
    """

    bias_E: Tensor | None
    assigned_E: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.kind = config.router
        self.top_k = config.top_k
        self.renormalize = config.renormalize
        self.noise = config.router_noise
        self.balance_weight = config.balance_weight
        self.z_weight = config.z_weight
        self.balance_rate = config.balance_rate
        self.weight = nn.Parameter(torch.empty(config.d_model, config.n_experts))
        # The bias decides who is chosen but has no part in the weights, so no gradient reaches it (Wang et al., 2024).
        self.register_buffer("bias_E", torch.zeros(config.n_experts) if self.kind == "sigmoid" else None)
        self.register_buffer("assigned_E", torch.zeros(config.n_experts, dtype=torch.int64), persistent=False)

    def forward(self, x_TD: Tensor) -> Routing:
        """Route T tokens given their float32 representation."""
        logits_TE = x_TD @ self.weight
        if self.training and self.noise > 0:
            logits_TE = logits_TE + torch.randn_like(logits_TE) * self.noise
        # Scores are kept as logarithms, so that dividing by their sum is a softmax, which never divides zero by zero.
        sigmoid = self.kind == "sigmoid"
        log_scores_TE = nn.functional.logsigmoid(logits_TE) if sigmoid else logits_TE.log_softmax(dim=-1)
        log_shares_TE = log_scores_TE.log_softmax(dim=-1) if sigmoid else log_scores_TE
        experts_TK = self._choose(log_scores_TE.detach())
        log_chosen_TK = log_scores_TE.gather(1, experts_TK)
        counts_E = assignment_counts(experts_TK, self.weight.shape[1])
        load_E = counts_E / experts_TK.numel()
        if self.training and self.bias_E is not None:
            self.assigned_E += counts_E
        return Routing(
            experts_TK=experts_TK,
            weights_TK=log_chosen_TK.softmax(dim=-1) if self.renormalize else log_chosen_TK.exp(),
            loss=self._loss(logits_TE, log_shares_TE, load_E),
            load_E=load_E,
            entropy=None if self.training else -(log_shares_TE.exp() * log_shares_TE).sum(dim=-1).mean(),
        )

    def _choose(self, log_scores_TE: Tensor) -> Tensor:
        tokens, experts = log_scores_TE.shape
        if self.kind == "dense":
            return torch.arange(experts, device=log_scores_TE.device).expand(tokens, experts)
        order_TE = log_scores_TE if self.bias_E is None else log_scores_TE.exp() + self.bias_E
        return order_TE.topk(self.top_k, dim=-1).indices

    def _loss(self, logits_TE: Tensor, log_shares_TE: Tensor, load_E: Tensor) -> Tensor:
        loss = logits_TE.new_zeros(())
        if self.balance_weight > 0:
            loss = loss + self.balance_weight * balance_loss(log_shares_TE.exp(), load_E)
        if self.z_weight > 0:
            loss = loss + self.z_weight * z_loss(logits_TE)
        return loss

    @torch.no_grad()
    def balance(self) -> None:
        """Move the bias of each expert by the rate: up if it got less than its share since the last call, down if more."""
        if self.bias_E is not None:
            # In whole numbers: rounding would give equal shares a sign.
            short_E = self.assigned_E.sum() - len(self.assigned_E) * self.assigned_E
            self.bias_E += self.balance_rate * short_E.sign()
            self.assigned_E.zero_()


def assignment_counts(experts_TK: Tensor, n_experts: int) -> Tensor:
    """How many of the T·K assignments each expert got, (E,) int64, without waiting for the device as bincount does."""
    every_E = torch.arange(n_experts, device=experts_TK.device)
    return (experts_TK.reshape(-1, 1) == every_E).sum(dim=0)


def balance_loss(probabilities_TE: Tensor, load_E: Tensor) -> Tensor:
    """Switch Transformer's auxiliary loss (Fedus et al., 2021): E · Σ load · mean probability; 1 when balanced.

    For sigmoid scores the probabilities are their shares of a token's sum, as in DeepSeek-V3 (2024).
    """
    return probabilities_TE.shape[1] * (load_E * probabilities_TE.mean(dim=0)).sum()


def z_loss(logits_TE: Tensor) -> Tensor:
    """ST-MoE's router z-loss (Zoph et al., 2022): the mean over tokens of log(Σ exp logits)²."""
    return logits_TE.logsumexp(dim=-1).square().mean()
