"""Our weights under the names and in the layout of transformers, which stores matrices as (out, in)."""

import math

import torch
from torch import Tensor

from engine.export.equal import Family
from engine.spec.model import ModelConfig
from engine.spec.width import width_rules

Tensors = dict[str, Tensor]


def to_transformers(ours: Tensors, config: ModelConfig, family: Family) -> Tensors:
    """The state of the model of a family that equals ours; it may share memory with `ours`."""
    embedding_VD = ours["embedding_VD"]
    head_VD = embedding_VD if config.tied_head else ours["head_VD"]
    theirs = {
        "model.embed_tokens.weight": embedding_VD * math.sqrt(config.d_model),
        "lm_head.weight": head_VD * width_rules(config).output,
        "model.norm.weight": ours["norm.gain_D"],
    }
    for layer in range(config.n_layers):
        prefix = f"blocks.{layer}."
        own = {name.removeprefix(prefix): value for name, value in ours.items() if name.startswith(prefix)}
        block = _attention(own, config) | _experts(own, family) | _shared(own, family)
        theirs |= {f"model.layers.{layer}.{name}": value for name, value in block.items()}
    return {name: value.contiguous() for name, value in theirs.items()}


def _attention(own: Tensors, config: ModelConfig) -> Tensors:
    widths = [heads * config.head_width for heads in (config.n_heads, config.kv_heads, config.kv_heads)]
    query, key, value = own["attention.qkv"].split(widths, dim=1)
    theirs = {
        "input_layernorm.weight": own["attention_norm.gain_D"],
        "self_attn.q_proj.weight": query.T,
        "self_attn.k_proj.weight": key.T,
        "self_attn.v_proj.weight": value.T,
        "self_attn.o_proj.weight": own["attention.out"].T,
        "post_attention_layernorm.weight": own["moe_norm.gain_D"],
    }
    if config.qk_norm != "none":
        theirs["self_attn.q_norm.weight"] = own["attention.query_norm.gain_D"]
        theirs["self_attn.k_norm.weight"] = own["attention.key_norm.gain_D"]
    return theirs


def _experts(own: Tensors, family: Family) -> Tensors:
    place, router = ("block_sparse_moe", "router") if family == "granitemoeshared" else ("mlp", "gate")
    gate_up_EDG = torch.cat((own["moe.experts.gate_EDF"], own["moe.experts.up_EDF"]), dim=2)
    theirs = {
        f"{place}.{router}.weight": own["moe.router.weight"].T,
        f"{place}.experts.gate_up_proj": gate_up_EDG.transpose(1, 2),
        f"{place}.experts.down_proj": own["moe.experts.down_EFD"].transpose(1, 2),
    }
    if family == "glm4_moe":
        theirs[f"{place}.{router}.e_score_correction_bias"] = own["moe.router.bias_E"]
    return theirs


def _shared(own: Tensors, family: Family) -> Tensors:
    if "moe.shared.up_DN" in own:
        gate, up, down = (own[f"moe.shared.{name}"].T for name in ("gate_DN", "up_DN", "down_ND"))
    elif family == "glm4_moe":  # which keeps the matrices of its shared experts even if there are none
        gate = up = own["moe_norm.gain_D"].new_empty(0, len(own["moe_norm.gain_D"]))
        down = up.T
    else:
        return {}
    if family == "granitemoeshared":
        return {"shared_mlp.input_linear.weight": torch.cat((gate, up)), "shared_mlp.output_linear.weight": down}
    names = ("gate_proj", "up_proj", "down_proj")
    return {f"mlp.shared_experts.{n}.weight": value for n, value in zip(names, (gate, up, down), strict=True)}
