"""The feed-forward networks of one layer: the routed experts as stacked weights, and those that take every token."""

import torch
from torch import Tensor, nn

from engine.model.grouped import Groups, grouped_matmul
from engine.spec.model import ModelConfig


class Experts(nn.Module):
    """E feed-forward networks: linear, SiLU, dropout, linear; or gated, SiLU of one linear times another (Shazeer, 2020)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        wide = (config.n_experts, config.d_model, config.d_ff)
        self.gate_EDF = nn.Parameter(torch.empty(wide)) if config.experts == "swiglu" else None
        self.up_EDF = nn.Parameter(torch.empty(wide))
        self.down_EFD = nn.Parameter(torch.empty(config.n_experts, config.d_ff, config.d_model))

    def forward(self, x_SD: Tensor, ends_E: Tensor) -> Tensor:
        """Apply expert e to the rows from `ends_E[e - 1]` to `ends_E[e]`: (S, D) → (S, D), same dtype."""
        groups = Groups(ends_E, len(x_SD))
        up_SF = grouped_matmul(x_SD, self.up_EDF.to(x_SD.dtype), groups)
        gate_SF = None
        if self.gate_EDF is not None:
            gate_SF = grouped_matmul(x_SD, self.gate_EDF.to(x_SD.dtype), groups)
        hidden_SF = nn.functional.dropout(_activate(up_SF, gate_SF), self.dropout, self.training)
        return grouped_matmul(hidden_SF, self.down_EFD.to(x_SD.dtype), groups)


class SharedExperts(nn.Module):
    """Experts that take every token at full weight (DeepSeekMoE; Dai et al., 2024).

    Their sum is one network whose hidden layer is all of theirs side by side, N = `shared_experts` · F wide.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        wide = (config.d_model, config.shared_experts * config.d_ff)
        self.gate_DN = nn.Parameter(torch.empty(wide)) if config.experts == "swiglu" else None
        self.up_DN = nn.Parameter(torch.empty(wide))
        self.down_ND = nn.Parameter(torch.empty(wide[::-1]))

    def forward(self, x_TD: Tensor) -> Tensor:
        """(T, D) → (T, D), same dtype."""
        up_TN = x_TD @ self.up_DN.to(x_TD.dtype)
        gate_TN = None if self.gate_DN is None else x_TD @ self.gate_DN.to(x_TD.dtype)
        hidden_TN = nn.functional.dropout(_activate(up_TN, gate_TN), self.dropout, self.training)
        return hidden_TN @ self.down_ND.to(x_TD.dtype)


def _activate(up: Tensor, gate: Tensor | None) -> Tensor:
    return nn.functional.silu(up) if gate is None else nn.functional.silu(gate) * up
