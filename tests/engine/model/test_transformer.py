from random import Random

import pytest
import torch

from engine.model.loss import predict
from engine.model.transformer import Transformer
from engine.spec.model import ModelConfig
from tests.engine.model.naive import naive_forward, naive_loss
from tests.engine.model.small import CONFIG, END_OF_TEXT, OPTIONS, SIGMOID, small_batch, small_config, small_model


@pytest.mark.parametrize("option", OPTIONS)
def test_loss_and_all_gradients_equal_those_of_a_naive_implementation(option: str) -> None:
    config = small_config(option)
    model, tokens_BL = small_model(config), small_batch(config)
    copies = {name: value.detach().clone() for name, value in model.state_dict().items()}
    output = model(tokens_BL)
    prediction = predict(output.hidden_BLD, model.head, tokens_BL)
    loss = prediction.loss_sum / prediction.count + output.router_loss
    loss.backward()

    for name, _ in model.named_parameters():
        copies[name].requires_grad_()
    expected = naive_loss(copies, tokens_BL, config, END_OF_TEXT)
    expected.backward()

    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        reference = copies[name].grad
        assert reference is not None, name
        assert reference.norm() > 0, name
        assert (parameter.grad - reference).norm() / reference.norm() < 1e-5, name


@pytest.mark.parametrize("seed", range(8))
def test_any_width_trains_in_bfloat16_as_in_float32_but_for_rounding(seed: int) -> None:
    draw = Random(seed)
    heads = draw.randint(1, 5)
    sizes = {"n_heads": heads, "d_model": heads * 2 * draw.randint(4, 9), "d_ff": draw.randint(8, 99)}
    # Every expert takes every token, since rounding may change which ones a router chooses.
    changes = {**sizes, "router": "dense", "experts": draw.choice(["mlp", "swiglu"])}
    config = ModelConfig.model_validate(CONFIG.model_dump() | changes)
    exact, tokens_BL = small_model(config), small_batch(config)
    rounded = Transformer(config, torch.bfloat16)
    rounded.load_state_dict(exact.state_dict())
    losses, gradients = [], []
    for model in (exact, rounded):
        output = model(tokens_BL)
        prediction = predict(output.hidden_BLD, model.head, tokens_BL)
        loss = prediction.loss_sum / prediction.count + output.router_loss
        loss.backward()
        losses.append(loss.item())
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    assert losses[1] == pytest.approx(losses[0], rel=1e-2)
    assert len(gradients[1]) == config.parameters
    assert (gradients[1] - gradients[0]).norm() < 0.05 * gradients[0].norm()


def test_every_option_makes_another_model() -> None:
    losses = {}
    for option in OPTIONS:
        config = small_config(option)
        model, tokens_BL = small_model(config), small_batch(config)
        output = model(tokens_BL)
        prediction = predict(output.hidden_BLD, model.head, tokens_BL)
        losses[option] = (prediction.loss_sum / prediction.count + output.router_loss).item()
    # Weighting all experts by softmax is what the dense router does, too.
    same = {losses.pop("every expert"), losses["dense"]}
    assert max(same) == pytest.approx(min(same), rel=1e-6)
    assert len({round(loss, 5) for loss in losses.values()}) == len(losses)


def test_a_bias_moves_towards_experts_that_got_less_than_their_share_and_has_no_part_in_the_weights() -> None:
    config = ModelConfig.model_validate(CONFIG.model_dump() | SIGMOID)
    model, tokens_BL = small_model(config), small_batch(config)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for micro_BL in tokens_BL.split(1):
        model(micro_BL)
    model.balance_experts()
    _, layers = naive_forward(before, tokens_BL, config)
    for number, layer in enumerate(layers):
        name = f"blocks.{number}.moe.router.bias_E"
        loads = [sum(e in chosen for chosen in layer.chosen) for e in range(config.n_experts)]
        share = sum(loads) / len(loads)
        expected = [0.05 * ((load < share) - (load > share)) for load in loads]
        assert any(expected)
        assert torch.allclose(model.state_dict()[name] - before[name], torch.tensor(expected), atol=1e-6)
    trained = {name: value.clone() for name, value in model.state_dict().items()}
    model.eval()
    model(tokens_BL)
    model.balance_experts()
    assert all(torch.equal(trained[n], v) for n, v in model.state_dict().items())


@pytest.mark.parametrize("option", OPTIONS)
def test_the_configuration_counts_the_parameters_and_the_products_of_the_model(option: str) -> None:
    config = small_config(option)
    sizes = {name: p.numel() for name, p in Transformer(config, end_of_text=END_OF_TEXT).named_parameters()}
    assert config.parameters == sum(sizes.values())
    idle = sum(size for name, size in sizes.items() if ".experts." in name)
    idle = idle * (config.n_experts - config.experts_per_token) // config.n_experts
    assert config.active_parameters == config.parameters - idle
    looked_up = 0 if config.tied_head else sizes["embedding_VD"]
    gains = sum(size for name, size in sizes.items() if name.endswith("gain_D"))
    multiplying = config.active_parameters - gains - looked_up
    # Each of 10 tokens meets 5 others on average: a score and a mix with each, of d_model products, forward and twice back.
    attention = config.n_layers * 3 * 2 * (2 * config.d_model * 5)
    assert config.flops_per_token(10) == 6 * multiplying + attention


def test_the_reference_model_has_the_published_number_of_parameters() -> None:
    assert ModelConfig().parameters == 79_059_840
    assert ModelConfig().active_parameters == 36_592_512
