"""The whole model: embedding, blocks of attention and experts, and the final norm; the head is in engine.model.loss."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.model.attention import Attention
from engine.model.moe import MixtureOfExperts
from engine.model.norm import RMSNorm
from engine.model.rotary import rotary_tables
from engine.model.router import Routing


@dataclass(frozen=True, slots=True)
class Representation:
    """What the model makes of B sequences of L tokens, before the head, with each layer's routing."""

    hidden_BLD: Tensor
    routings: tuple[Routing, ...]

    def balance(self) -> Tensor:
        """The balance losses of all layers, summed."""
        return torch.stack([routing.balance for routing in self.routings]).sum()


class Block(nn.Module):
    """Pre-norm attention and Mixture of Experts, each added to the residual stream."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.d_model, config.norm_eps)
        self.attention = Attention(config)
        self.moe_norm = RMSNorm(config.d_model, config.norm_eps)
        self.moe = MixtureOfExperts(config)

    def forward(self, x_BLD: Tensor, rotary: tuple[Tensor, Tensor], compute: torch.dtype) -> tuple[Tensor, Routing]:
        """(B, L, D) float32 → the same, and the routing."""
        x_BLD = x_BLD + self.attention(self.attention_norm(x_BLD).to(compute), rotary)
        y_TD, routing = self.moe(self.moe_norm(x_BLD).flatten(0, 1), compute)
        return x_BLD + y_TD.view_as(x_BLD), routing


class Transformer(nn.Module):
    """A decoder-only transformer with a Mixture of Experts in every layer.

    Weights, residual stream, norms and routers are float32; attention and experts compute in `compute`.
    """

    def __init__(self, config: ModelConfig, compute: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config = config
        self.compute = compute
        self.embedding_VD = nn.Parameter(torch.empty(config.vocab_size, config.d_model))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        self._rotary: tuple[Tensor, Tensor] | None = None

    @torch.no_grad()
    def initialize(self) -> None:
        """Draw every matrix from a normal distribution of `init_std`, from torch's global generator."""
        for parameter in self.parameters():
            if parameter.ndim >= 2:
                parameter.normal_(0.0, self.config.init_std)

    def forward(self, tokens_BL: Tensor) -> Representation:
        """Represent B sequences of L token ids; the head turns `hidden_BLD` into predictions of the next token."""
        config = self.config
        x_BLD = nn.functional.embedding(tokens_BL, self.embedding_VD) * math.sqrt(config.d_model)
        x_BLD = nn.functional.dropout(x_BLD, config.dropout, self.training)
        rotary = self._rotary_tables(tokens_BL)
        routings = []
        for block in self.blocks:
            x_BLD, routing = block(x_BLD, rotary, self.compute)
            routings.append(routing)
        hidden_BLD = nn.functional.dropout(self.norm(x_BLD), config.dropout, self.training)
        return Representation(hidden_BLD.to(self.compute), tuple(routings))

    def _rotary_tables(self, tokens_BL: Tensor) -> tuple[Tensor, Tensor]:
        length, device = tokens_BL.shape[1], tokens_BL.device
        if self._rotary is None or len(self._rotary[0]) != length or self._rotary[0].device != device:
            width = self.config.d_model // self.config.n_heads
            self._rotary = rotary_tables(length, width, self.config.rope_base, device)
        return self._rotary
