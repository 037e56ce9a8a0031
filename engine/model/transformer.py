"""The whole model: embedding, blocks of attention and experts, and the final norm; the head is in engine.model.loss."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.model.attention import Attention, Positions
from engine.model.cache import Cache, LayerCache
from engine.model.documents import attention_mask
from engine.model.moe import MixtureOfExperts
from engine.model.norm import RMSNorm
from engine.model.rotary import rotary_tables
from engine.model.router import Router, Routing
from engine.spec.model import ModelConfig
from engine.spec.roles import role_of
from engine.spec.width import width_rules


@dataclass(frozen=True, slots=True)
class Representation:
    """What the model makes of B sequences of L tokens, before the head, with each layer's routing.

    `router_loss` is the weighted losses of the routers, summed over the layers.
    """

    hidden_BLD: Tensor
    routings: tuple[Routing, ...]
    router_loss: Tensor


class Block(nn.Module):
    """Pre-norm attention and Mixture of Experts, each added to the residual stream."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.dropout = config.residual_dropout
        self.attention_norm = RMSNorm(config.d_model, config.norm_eps)
        self.attention = Attention(config)
        self.moe_norm = RMSNorm(config.d_model, config.norm_eps)
        self.moe = MixtureOfExperts(config)

    def forward(
        self, x_BLD: Tensor, positions: Positions, compute: torch.dtype, cache: LayerCache | None
    ) -> tuple[Tensor, Routing]:
        """(B, L, D) float32 → the same, and the routing."""
        x_BLD = x_BLD + self._drop(self.attention(self.attention_norm(x_BLD).to(compute), positions, cache))
        y_TD, routing = self.moe(self.moe_norm(x_BLD).flatten(0, 1), compute)
        return x_BLD + self._drop(y_TD).view_as(x_BLD), routing

    def _drop(self, added: Tensor) -> Tensor:
        return nn.functional.dropout(added, self.dropout, self.training)


class Transformer(nn.Module):
    """A decoder-only transformer with a Mixture of Experts in every layer.

    Weights, residual stream, norms and routers are float32; attention and experts compute in `compute`. `end_of_text` is the id
    of the token that ends a document; without one there is nothing to keep attention from crossing documents by.
    """

    def __init__(
        self, config: ModelConfig, compute: torch.dtype = torch.float32, end_of_text: int | None = None
    ) -> None:
        super().__init__()
        if end_of_text is None and not config.cross_document_attention:
            raise ValueError("cross_document_attention = false needs the id of the end-of-text token")
        self.config = config
        self.compute = compute
        self.rules = width_rules(config)
        self.boundary = None if config.cross_document_attention else end_of_text
        self.embedding_VD = nn.Parameter(torch.empty(config.vocab_size, config.d_model))
        self.head_VD = None if config.tied_head else nn.Parameter(torch.empty(config.vocab_size, config.d_model))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        self.rotary: tuple[Tensor, Tensor] | None = None

    @property
    def head(self) -> Tensor:
        """The matrix (V, D) that turns representations into logits: the embedding's, or its own."""
        return self.embedding_VD if self.head_VD is None else self.head_VD

    @torch.no_grad()
    def initialize(self) -> None:
        """Draw every matrix from a normal distribution of `init_std`, scaled for its width, from torch's global generator."""
        for name, parameter in self.named_parameters():
            if parameter.ndim >= 2:
                parameter.normal_(0.0, self.config.init_std * self.rules.init(role_of(name, parameter)))

    def forward(self, tokens_BL: Tensor, cache: Cache | None = None) -> Representation:
        """Represent B sequences of L token ids; the head turns `hidden_BLD` into predictions of the next token.

        With a cache, the tokens go on from those it has read, and are added to it.
        """
        config = self.config
        # A tied head has a gradient of full size already: a processor adds the few rows of these tokens, not a second one.
        sparse = config.tied_head and not tokens_BL.is_cuda
        x_BLD = nn.functional.embedding(tokens_BL, self.embedding_VD, sparse=sparse) * math.sqrt(config.d_model)
        x_BLD = nn.functional.dropout(x_BLD, config.dropout, self.training)
        positions = self._positions(tokens_BL, cache)
        layers = [None] * config.n_layers if cache is None else cache.layers
        routings = []
        for block, layer in zip(self.blocks, layers, strict=True):
            x_BLD, routing = block(x_BLD, positions, self.compute, layer)
            routings.append(routing)
        hidden_BLD = nn.functional.dropout(self.norm(x_BLD), config.dropout, self.training)
        if self.rules.output != 1.0:
            hidden_BLD = hidden_BLD * self.rules.output
        router_loss = torch.stack([routing.loss for routing in routings]).sum()
        return Representation(hidden_BLD.to(self.compute), tuple(routings), router_loss)

    def balance_experts(self) -> None:
        """After an update: let routers that balance without a loss set their biases by the tokens it was trained on."""
        for router in self.routers():
            router.balance()

    def forget_assignments(self) -> None:
        """Before an update is begun again: let routers forget the tokens that they have counted for `balance_experts`."""
        for router in self.routers():
            router.assigned_E.zero_()

    def routers(self) -> list[Router]:
        """The router of each layer."""
        return [module for module in self.modules() if isinstance(module, Router)]

    def _positions(self, tokens_BL: Tensor, cache: Cache | None) -> Positions:
        length, device = tokens_BL.shape[1], tokens_BL.device
        tokens_BM = tokens_BL if cache is None else cache.read(tokens_BL)
        end = tokens_BM.shape[1]
        if self.rotary is None or len(self.rotary[0]) < end or self.rotary[0].device != device:
            self.rotary = rotary_tables(end, self.config.head_width, self.config.rope_base, device)
        cosine, sine = self.rotary
        rotary = (cosine[end - length : end], sine[end - length : end])
        return Positions(rotary, attention_mask(tokens_BM, length, self.boundary))
