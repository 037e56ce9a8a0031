"""Mixtral and OLMoE of the transformers library, with its fastest experts and torch's fused AdamW.

Their experts are gated, three matrices each, so two thirds of the hidden width make the same number of weights (up to the multiple
of eight that grouped products need). In bfloat16 the weights themselves are bfloat16, which is fastest and takes the least memory.
"""

from typing import Any

import torch
from torch import Tensor

from engine.spec.config import RunConfig


class LibraryModel:
    """A causal language model of transformers and AdamW."""

    def __init__(self, model: Any, config: RunConfig, device: torch.device, dtype: torch.dtype) -> None:
        self.model = model.to(device=device, dtype=dtype).train()
        adamw = config.optimizer
        self.clip = adamw.grad_clip
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=adamw.lr * adamw.adamw_ratio,
            betas=(adamw.beta1, adamw.beta2),
            weight_decay=adamw.decay_matrices,
            fused=True,
        )

    def forward_backward(self, tokens_BL: Tensor) -> Tensor:
        """Add the gradients of a micro-batch."""
        loss: Tensor = self.model(tokens_BL, labels=tokens_BL, use_cache=False).loss
        loss.backward()
        return loss.detach()

    def step(self) -> None:
        """AdamW on every parameter."""
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()


def mixtral(config: RunConfig, device: torch.device, dtype: torch.dtype) -> LibraryModel:
    """Mixtral at the size of the configuration."""
    from transformers import MixtralConfig, MixtralForCausalLM

    settings = _settings(config) | {"num_local_experts": config.model.n_experts}
    return LibraryModel(MixtralForCausalLM(MixtralConfig(**settings)), config, device, dtype)


def olmoe(config: RunConfig, device: torch.device, dtype: torch.dtype) -> LibraryModel:
    """OLMoE at the size of the configuration."""
    from transformers import OlmoeConfig, OlmoeForCausalLM

    settings = _settings(config) | {"num_experts": config.model.n_experts}
    return LibraryModel(OlmoeForCausalLM(OlmoeConfig(**settings)), config, device, dtype)


def _settings(config: RunConfig) -> dict[str, Any]:
    model = config.model
    return {
        "vocab_size": model.vocab_size,
        "hidden_size": model.d_model,
        "intermediate_size": -(-model.d_ff * 2 // 24) * 8,
        "num_hidden_layers": model.n_layers,
        "num_attention_heads": model.n_heads,
        "num_key_value_heads": model.n_heads,
        "num_experts_per_tok": model.top_k,
        "max_position_embeddings": config.data.sequence_length,
        "tie_word_embeddings": True,
        "output_router_logits": True,
        "router_aux_loss_coef": model.balance_weight,
        "pad_token_id": None,
        "bos_token_id": None,
        "eos_token_id": None,
        "attn_implementation": "sdpa",
        "experts_implementation": "grouped_mm",
    }
