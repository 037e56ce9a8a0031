"""Which model of transformers computes exactly what a configuration of ours does.

All of them have gated experts and no scale on the embedding, so that scale goes into the weights and the head becomes untied.
A dense router is one that chooses every expert.

| router | shared experts | norm of queries and keys | weights | model |
|---|---|---|---|---|
| softmax | none | none | sum to one | Mixtral (Jiang et al., 2024) |
| softmax | none | per head | either | Qwen3-MoE (Yang et al., 2025) |
| softmax | none | over all heads | either | OLMoE (Muennighoff et al., 2024) |
| softmax | some | none | sum to one | GraniteMoE with shared experts (IBM, 2024) |
| sigmoid with bias | any | none or per head | either | GLM-4.5 (Zeng et al., 2025) |
"""

from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import InputError
from engine.spec.model import ModelConfig

Family = Literal["mixtral", "qwen3_moe", "olmoe", "granitemoeshared", "glm4_moe"]


@dataclass(frozen=True, slots=True)
class Equal:
    """A model type of transformers and the settings of its configuration."""

    family: Family
    settings: dict[str, Any]


def find_equal(config: ModelConfig, sequence_length: int, end_of_text: int | None) -> Equal:
    """The equal of a configuration. Raises `InputError` that names every setting which has none."""
    family, faults = _family(config)
    if config.experts == "mlp":
        faults.insert(0, "model.experts = mlp (there, experts are gated: swiglu)")
    if faults:
        raise InputError(f"transformers has no model that is exactly this one: {'; '.join(faults)}")
    common = {
        "vocab_size": config.vocab_size,
        "hidden_size": config.d_model,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.kv_heads,
        "num_experts_per_tok": config.experts_per_token,
        "max_position_embeddings": sequence_length,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_base},
        "rms_norm_eps": config.norm_eps,
        "initializer_range": config.init_std,
        "router_aux_loss_coef": config.balance_weight,
        "tie_word_embeddings": False,
        "bos_token_id": None,
        "pad_token_id": None,
        "eos_token_id": end_of_text,
    }
    return Equal(family, common | _own_settings(config, family))


def _family(config: ModelConfig) -> tuple[Family, list[str]]:
    """The nearest model, and the settings in which it differs."""
    sums_to_one = config.renormalize or config.router == "dense"
    if config.router == "sigmoid":
        full = ["model.qk_norm = full with model.router = sigmoid (only norms per head)"]
        return "glm4_moe", full if config.qk_norm == "full" else []
    if config.shared_experts:
        faults = []
        if config.qk_norm != "none":
            faults.append(f"model.qk_norm = {config.qk_norm} with shared experts, unless model.router = sigmoid")
        if not sums_to_one:
            faults.append("model.renormalize = false with shared experts, unless model.router = sigmoid")
        return "granitemoeshared", faults
    if config.qk_norm == "none":
        return "mixtral", [] if sums_to_one else ["model.renormalize = false without model.qk_norm"]
    return "qwen3_moe" if config.qk_norm == "head" else "olmoe", []


def _own_settings(config: ModelConfig, family: Family) -> dict[str, Any]:
    """What the models name differently, or have besides."""
    match family:
        case "mixtral":
            return {"intermediate_size": config.d_ff, "num_local_experts": config.n_experts}
        case "qwen3_moe":
            return {
                "moe_intermediate_size": config.d_ff,
                "num_experts": config.n_experts,
                "norm_topk_prob": config.renormalize,
            }
        case "olmoe":
            return {
                "intermediate_size": config.d_ff,
                "num_experts": config.n_experts,
                "norm_topk_prob": config.renormalize,
            }
        case "granitemoeshared":
            return {
                "intermediate_size": config.d_ff,
                "num_local_experts": config.n_experts,
                "shared_intermediate_size": config.shared_experts * config.d_ff,
                "attention_multiplier": config.head_width**-0.5,
            }
        case "glm4_moe":
            return {
                "moe_intermediate_size": config.d_ff,
                "n_routed_experts": config.n_experts,
                "n_shared_experts": config.shared_experts,
                "norm_topk_prob": config.renormalize,
                "use_qk_norm": config.qk_norm == "head",
                "first_k_dense_replace": 0,
                "num_nextn_predict_layers": 0,
                "partial_rotary_factor": 1.0,
            }
