"""The same weights in the models of transformers, written by others from the papers."""

import math
from typing import Any

import pytest
import torch

from engine.errors import InputError
from engine.export.equal import find_equal
from engine.export.weights import to_transformers
from engine.model.loss import predict
from engine.spec.model import ModelConfig
from tests.engine.model.small import CONFIG, SIGMOID, small_batch, small_model

SWIGLU = {"experts": "swiglu", "tied_head": False}

EQUALS: dict[str, tuple[str, dict[str, Any]]] = {
    "Mixtral": ("MixtralForCausalLM", {"n_kv_heads": 2}),
    "Mixtral, top-1": ("MixtralForCausalLM", {"top_k": 1}),
    "Mixtral, dense": ("MixtralForCausalLM", {"router": "dense", "renormalize": False}),
    "OLMoE": ("OlmoeForCausalLM", {"qk_norm": "full", "renormalize": False}),
    "OLMoE, renormalized": ("OlmoeForCausalLM", {"qk_norm": "full", "n_kv_heads": 2}),
    "Qwen3-MoE": ("Qwen3MoeForCausalLM", {"qk_norm": "head", "n_kv_heads": 1, "n_experts": 8, "top_k": 3}),
    "Qwen3-MoE, as they come": ("Qwen3MoeForCausalLM", {"qk_norm": "head", "renormalize": False}),
    "Granite": ("GraniteMoeSharedForCausalLM", {"shared_experts": 2, "n_kv_heads": 2}),
    "GLM": ("Glm4MoeForCausalLM", {**SIGMOID, "shared_experts": 2, "n_kv_heads": 2}),
    "GLM, normalized": ("Glm4MoeForCausalLM", {**SIGMOID, "shared_experts": 1, "qk_norm": "head"}),
    "GLM, nothing shared": ("Glm4MoeForCausalLM", {**SIGMOID, "renormalize": False}),
}


@pytest.mark.parametrize("name", EQUALS)
def test_logits_loss_and_gradients_equal_those_of_transformers(name: str) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    architecture, options = EQUALS[name]
    config = ModelConfig.model_validate(CONFIG.model_dump() | SWIGLU | options)
    model, tokens_BL = small_model(config), small_batch(config)
    equal = find_equal(config, sequence_length=64, end_of_text=None)
    theirs = AutoModelForCausalLM.from_config(AutoConfig.for_model(equal.family, **equal.settings))
    assert type(theirs).__name__ == architecture
    theirs.load_state_dict(to_transformers(model.state_dict(), config, equal.family))
    theirs.eval()

    output = model(tokens_BL)
    logits_BLV = output.hidden_BLD @ model.head.T
    prediction = predict(output.hidden_BLD, model.head, tokens_BL)
    loss = prediction.loss_sum / prediction.count
    loss.backward()
    expected = theirs(tokens_BL, labels=tokens_BL)
    expected.loss.backward()
    torch.testing.assert_close(logits_BLV, expected.logits, rtol=1e-4, atol=1e-4)
    assert loss.item() == pytest.approx(expected.loss.item(), rel=1e-5)

    ours = {n: p.grad if p.grad is not None else torch.zeros_like(p) for n, p in model.named_parameters()}
    ours |= {n: torch.zeros_like(b) for n, b in model.named_buffers()}
    gradients = to_transformers(ours, config, equal.family)
    gradients["model.embed_tokens.weight"] /= config.d_model  # they learn it scaled by √D, and √D fewer
    for parameter, value in theirs.named_parameters():
        assert value.grad is not None, parameter
        error = (gradients[parameter] - value.grad).norm()
        assert error <= 1e-4 * value.grad.norm() + 1e-8 * math.sqrt(max(value.numel(), 1)), parameter


def test_an_embedding_tied_to_the_head_is_untied_by_its_scale() -> None:
    config = ModelConfig.model_validate(CONFIG.model_dump() | SWIGLU | {"tied_head": True})
    model = small_model(config)
    state = to_transformers(model.state_dict(), config, "mixtral")
    assert torch.equal(state["lm_head.weight"], model.embedding_VD)
    torch.testing.assert_close(state["model.embed_tokens.weight"], model.embedding_VD * 4)


def test_the_factor_of_the_logits_goes_into_the_head() -> None:
    spectral = {"parametrization": "spectral", "base_width": 8}
    config = ModelConfig.model_validate(CONFIG.model_dump() | SWIGLU | spectral)
    model, tokens_BL = small_model(config), small_batch(config)
    state = to_transformers(model.state_dict(), config, "mixtral")
    torch.testing.assert_close(state["lm_head.weight"], model.head / math.sqrt(2))
    hidden_BLD = model(tokens_BL).hidden_BLD  # already times (16 / 8)^-½
    torch.testing.assert_close(hidden_BLD @ model.head.T, (math.sqrt(2) * hidden_BLD) @ state["lm_head.weight"].T)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"experts": "mlp"}, ["model.experts = mlp"]),
        ({"renormalize": False}, ["model.renormalize = false without model.qk_norm"]),
        ({**SIGMOID, "qk_norm": "full"}, ["model.qk_norm = full with model.router = sigmoid"]),
        (
            {"shared_experts": 1, "qk_norm": "head", "renormalize": False, "experts": "mlp"},
            [
                "model.experts = mlp",
                "model.qk_norm = head with shared experts",
                "model.renormalize = false with shared",
            ],
        ),
    ],
)
def test_every_setting_without_an_equal_is_named(options: dict[str, Any], named: list[str]) -> None:
    config = ModelConfig.model_validate(CONFIG.model_dump() | SWIGLU | options)
    with pytest.raises(InputError) as caught:
        find_equal(config, 64, None)
    message = str(caught.value)
    assert all(one in message for one in named)
    assert message.count("; ") == len(named) - 1
