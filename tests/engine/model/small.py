"""A model small enough for loops in Python, with every option by name."""

from typing import Any

import torch

from engine.model.transformer import Transformer
from engine.spec.model import ModelConfig

END_OF_TEXT = 7

CONFIG = ModelConfig(
    vocab_size=50,
    d_model=16,
    n_layers=2,
    n_heads=4,
    d_ff=12,
    n_experts=4,
    top_k=2,
    dropout=0.0,
    router_noise=0.0,
    balance_weight=0.1,
    init_std=0.2,
)

SIGMOID = {"router": "sigmoid", "balance_rate": 0.05}

OPTIONS: dict[str, dict[str, Any]] = {
    "reference": {},
    "top-1": {"top_k": 1},
    "top-1 of softmax": {"top_k": 1, "renormalize": False},
    "every expert": {"top_k": 4},
    "two experts": {"n_experts": 2},
    "swiglu": {"experts": "swiglu"},
    "shared experts": {"shared_experts": 2},
    "shared swiglu": {"experts": "swiglu", "shared_experts": 3, "d_ff": 8},
    "dense": {"router": "dense"},
    "dense swiglu, shared": {"router": "dense", "experts": "swiglu", "shared_experts": 1, "z_weight": 0.02},
    "softmax over all": {"renormalize": False},
    "sigmoid": SIGMOID,
    "sigmoid as it is": {**SIGMOID, "renormalize": False, "z_weight": 0.02},
    "no balance loss": {"balance_weight": 0.0},
    "z-loss": {"z_weight": 0.05},
    "z-loss alone": {"z_weight": 0.05, "balance_weight": 0.0},
    "grouped queries": {"n_kv_heads": 2},
    "one key head": {"n_kv_heads": 1},
    "norm of heads": {"qk_norm": "head"},
    "norm over heads": {"qk_norm": "full"},
    "untied": {"tied_head": False},
    "odd widths": {"d_model": 18, "n_heads": 3, "d_ff": 13, "vocab_size": 51},
    "odd widths, gated and shared": {"d_model": 10, "n_heads": 1, "d_ff": 9, "experts": "swiglu", "shared_experts": 1},
    "spectral": {"parametrization": "spectral", "base_width": 8},
    "documents apart": {"cross_document_attention": False},
    "documents apart, grouped": {"cross_document_attention": False, "n_kv_heads": 2, "qk_norm": "head"},
    "like Mixtral": {"experts": "swiglu", "n_kv_heads": 2, "tied_head": False, "z_weight": 0.01},
    "like OLMoE": {"experts": "swiglu", "renormalize": False, "qk_norm": "full", "tied_head": False, "z_weight": 0.01},
    "like Qwen3": {"experts": "swiglu", "qk_norm": "head", "n_kv_heads": 1, "n_experts": 8, "top_k": 3},
    "like DeepSeek-V3": {**SIGMOID, "experts": "swiglu", "shared_experts": 1, "n_experts": 6, "tied_head": False},
    "all at once": {
        **SIGMOID,
        "experts": "swiglu",
        "shared_experts": 2,
        "z_weight": 0.03,
        "n_kv_heads": 2,
        "qk_norm": "full",
        "tied_head": False,
        "cross_document_attention": False,
        "n_layers": 3,
    },
}


def small_config(name: str) -> ModelConfig:
    """The small configuration with one of the options."""
    return ModelConfig.model_validate(CONFIG.model_dump() | OPTIONS[name])


def small_model(config: ModelConfig) -> Transformer:
    """A model with weights that let every part count: gains and biases differ from their start."""
    torch.manual_seed(3)
    model = Transformer(config, end_of_text=END_OF_TEXT)
    model.initialize()
    with torch.no_grad():
        for name, value in (*model.named_parameters(), *model.named_buffers()):
            if name.endswith("gain_D"):
                value.uniform_(0.5, 1.5)
            elif name.endswith("bias_E"):
                value.uniform_(-0.2, 0.2)
    return model


def small_batch(config: ModelConfig) -> torch.Tensor:
    """Two sequences that hold more than one document each, (2, 8)."""
    torch.manual_seed(5)
    tokens_BL = torch.randint(8, config.vocab_size, (2, 8))
    tokens_BL[0, 3] = tokens_BL[1, 1] = tokens_BL[1, 5] = END_OF_TEXT
    return tokens_BL
