"""Causal self-attention with rotary positions."""

import torch
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.model.rotary import rotate


class Attention(nn.Module):
    """Multi-head attention of each position over itself and those before it (Vaswani et al., 2017); no biases."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_heads = config.n_heads
        self.dropout = config.dropout
        self.qkv = nn.Parameter(torch.empty(config.d_model, 3 * config.d_model))
        self.out = nn.Parameter(torch.empty(config.d_model, config.d_model))

    def forward(self, x_BLD: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
        """(B, L, D) → (B, L, D) in the dtype of `x_BLD`; `rotary` holds the tables for L positions."""
        b, length, d = x_BLD.shape
        qkv = (x_BLD @ self.qkv.to(x_BLD.dtype)).view(b, length, 3, self.n_heads, d // self.n_heads)
        q_BHLW, k_BHLW, v_BHLW = qkv.permute(2, 0, 3, 1, 4)
        mixed_BHLW = nn.functional.scaled_dot_product_attention(
            rotate(q_BHLW, *rotary),
            rotate(k_BHLW, *rotary),
            v_BHLW,
            is_causal=True,
            dropout_p=self.dropout if self.training else 0.0,
        )
        return mixed_BHLW.transpose(1, 2).reshape(b, length, d) @ self.out.to(x_BLD.dtype)
