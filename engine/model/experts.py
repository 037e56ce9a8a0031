"""The experts of one layer as stacked weights, applied to rows that are sorted by expert."""

import torch
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.model.grouped import grouped_matmul


class Experts(nn.Module):
    """E feed-forward networks: linear, SiLU, dropout, linear; no biases."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.up_EDF = nn.Parameter(torch.empty(config.n_experts, config.d_model, config.d_ff))
        self.down_EFD = nn.Parameter(torch.empty(config.n_experts, config.d_ff, config.d_model))

    def forward(self, x_SD: Tensor, ends_E: Tensor) -> Tensor:
        """Apply expert e to the rows from `ends_E[e - 1]` to `ends_E[e]`: (S, D) → (S, D), same dtype."""
        hidden_SF = nn.functional.silu(grouped_matmul(x_SD, self.up_EDF.to(x_SD.dtype), ends_E))
        hidden_SF = nn.functional.dropout(hidden_SF, self.dropout, self.training)
        return grouped_matmul(hidden_SF, self.down_EFD.to(x_SD.dtype), ends_E)
