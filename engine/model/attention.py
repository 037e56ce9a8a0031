"""Causal self-attention with rotary positions."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.model.cache import LayerCache
from engine.model.norm import RMSNorm
from engine.model.rotary import rotate
from engine.spec.model import ModelConfig


@dataclass(frozen=True, slots=True)
class Positions:
    """What every layer knows of the places of L tokens: rotary tables for them, each (L, W/2), and who sees whom.

    `mask_BHLM` is true where a token (L) may attend to one of the M tokens so far, broadcast over heads; None stands for itself
    and all before, which the fused kernels do without a mask.
    """

    rotary: tuple[Tensor, Tensor]
    mask_BHLM: Tensor | None


class Attention(nn.Module):
    """Multi-head attention of each position over itself and those before it (Vaswani et al., 2017); no biases.

    Several query heads may share one head of keys and values (Ainslie et al., 2023); queries and keys may be normalized first.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.width = config.head_width
        self.heads = (config.n_heads, config.kv_heads, config.kv_heads)
        self.dropout = config.dropout
        self.qkv = nn.Parameter(torch.empty(config.d_model, sum(self.heads) * self.width))
        self.out = nn.Parameter(torch.empty(config.d_model, config.d_model))
        self.query_norm: RMSNorm | None = None
        self.key_norm: RMSNorm | None = None
        if config.qk_norm != "none":
            full = config.qk_norm == "full"
            self.query_norm = RMSNorm(self.width * (config.n_heads if full else 1), config.norm_eps)
            self.key_norm = RMSNorm(self.width * (config.kv_heads if full else 1), config.norm_eps)

    def forward(self, x_BLD: Tensor, positions: Positions, cache: LayerCache | None = None) -> Tensor:
        """(B, L, D) → (B, L, D) in the dtype of `x_BLD`. With a cache, the tokens in it are attended to as well and L are added."""
        b, length, d = x_BLD.shape
        qkv_BLHW = (x_BLD @ self.qkv.to(x_BLD.dtype)).view(b, length, -1, self.width)
        q_BLHW, k_BLHW, v_BLHW = qkv_BLHW.split(self.heads, dim=2)
        if self.query_norm is not None and self.key_norm is not None:
            q_BLHW, k_BLHW = _normalize(q_BLHW, self.query_norm), _normalize(k_BLHW, self.key_norm)
        q_BHLW = rotate(q_BLHW.transpose(1, 2), *positions.rotary)
        k_BHMW, v_BHMW = rotate(k_BLHW.transpose(1, 2), *positions.rotary), v_BLHW.transpose(1, 2)
        if cache is not None:
            k_BHMW, v_BHMW = cache.extend(k_BHMW, v_BHMW)
        if self.heads[0] != self.heads[1]:
            # Not every fused kernel shares heads by itself; the copies are small beside the experts.
            shared_by = self.heads[0] // self.heads[1]
            k_BHMW, v_BHMW = (x.repeat_interleave(shared_by, dim=1) for x in (k_BHMW, v_BHMW))
        mixed_BHLW = nn.functional.scaled_dot_product_attention(
            q_BHLW,
            k_BHMW,
            v_BHMW,
            attn_mask=positions.mask_BHLM,
            is_causal=positions.mask_BHLM is None,
            dropout_p=self.dropout if self.training else 0.0,
        )
        return mixed_BHLW.transpose(1, 2).reshape(b, length, d) @ self.out.to(x_BLD.dtype)


def _normalize(x_BLHW: Tensor, norm: RMSNorm) -> Tensor:
    """Apply a norm that is as wide as one head, or as all of them."""
    rows = x_BLHW.float().reshape(*x_BLHW.shape[:2], -1, len(norm.gain_D))
    normed: Tensor = norm(rows)
    return normed.to(x_BLHW.dtype).view(x_BLHW.shape)
