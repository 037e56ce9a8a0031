"""What is left to chance in training: router noise and dropout."""

import pytest
import torch
from torch import Tensor, nn

from engine.model.attention import Attention, Positions
from engine.model.experts import Experts, SharedExperts
from engine.model.loss import predict
from engine.model.rotary import rotary_tables
from tests.engine.model.naive import naive_loss
from tests.engine.model.small import CONFIG, END_OF_TEXT, small_batch, small_config, small_model

DROPPING = CONFIG.model_copy(update={"dropout": 0.3, "shared_experts": 2, "experts": "swiglu"})
DRAWS = 4000


@pytest.mark.parametrize("option", ["reference", "like DeepSeek-V3", "dense"])
def test_noise_of_the_given_size_is_added_to_the_logits_in_training(option: str) -> None:
    config = small_config(option).model_copy(update={"router_noise": 0.7, "z_weight": 0.1})
    model, tokens_BL = small_model(config), small_batch(config)
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    torch.manual_seed(11)
    output = model(tokens_BL)
    prediction = predict(output.hidden_BLD, model.head, tokens_BL)
    loss = prediction.loss_sum / prediction.count + output.router_loss
    torch.manual_seed(11)
    noise = [0.7 * torch.randn(tokens_BL.numel(), config.n_experts) for _ in range(config.n_layers)]
    assert loss.item() == pytest.approx(naive_loss(weights, tokens_BL, config, END_OF_TEXT, noise).item(), rel=1e-5)


@pytest.mark.parametrize("option", ["reference", "shared swiglu", "all at once"])
def test_with_a_fixed_mask_on_the_residual_stream_loss_and_gradients_are_those_of_a_naive_implementation(
    option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_config(option).model_copy(update={"residual_dropout": 0.4})
    model, tokens_BL = small_model(config), small_batch(config)
    copies = {name: value.detach().clone() for name, value in model.state_dict().items()}
    for name, _ in model.named_parameters():
        copies[name].requires_grad_()
    draw = torch.Generator().manual_seed(9)
    shape = (*tokens_BL.shape, config.d_model)
    masks = [(torch.rand(shape, generator=draw) > 0.4) / 0.6 for _ in range(2 * config.n_layers)]
    unused = iter(masks)

    def masked(x: Tensor, rate: float, training: bool) -> Tensor:  # torch's own signature
        assert training
        return x * next(unused).view_as(x) if rate == 0.4 else x

    monkeypatch.setattr(nn.functional, "dropout", masked)
    output = model(tokens_BL)
    prediction = predict(output.hidden_BLD, model.head, tokens_BL)
    loss = prediction.loss_sum / prediction.count + output.router_loss
    loss.backward()
    expected = naive_loss(copies, tokens_BL, config, END_OF_TEXT, masks=masks)
    expected.backward()

    assert next(unused, None) is None
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for name, parameter in model.named_parameters():
        reference = copies[name].grad
        assert parameter.grad is not None
        assert reference is not None
        assert (parameter.grad - reference).norm() / reference.norm() < 1e-5, name


def test_without_residual_dropout_and_in_evaluation_nothing_is_dropped_from_the_stream() -> None:
    tokens_BL = small_batch(CONFIG)
    plain = small_model(CONFIG)(tokens_BL).hidden_BLD
    dropping = small_model(CONFIG.model_copy(update={"residual_dropout": 0.4}))
    assert not torch.equal(dropping(tokens_BL).hidden_BLD, plain)
    assert torch.equal(dropping.eval()(tokens_BL).hidden_BLD, plain)


def initialized(module: nn.Module) -> nn.Module:
    torch.manual_seed(2)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module


@torch.no_grad()
def draws(part: str) -> tuple[Tensor, Tensor]:
    """Outputs of many draws of dropout for one input, (draws, …), and the output without it."""
    torch.manual_seed(4)
    if part == "attention":
        module = initialized(Attention(DROPPING))
        x_BLD = torch.randn(1, 5, 16).repeat(DRAWS, 1, 1)
        positions = Positions(rotary_tables(5, 4, 1e4), None)
        return module(x_BLD, positions), module.eval()(x_BLD[:1], positions)
    x_SD = torch.randn(1, 16).repeat(DRAWS, 1)
    if part == "experts":
        module = initialized(Experts(DROPPING))
        ends_E = torch.tensor([0, DRAWS, DRAWS, DRAWS], dtype=torch.int32)
        return module(x_SD, ends_E), module.eval()(x_SD, ends_E)[:1]
    module = initialized(SharedExperts(DROPPING))
    return module(x_SD), module.eval()(x_SD[:1])


@pytest.mark.parametrize("part", ["attention", "experts", "shared experts"])
def test_dropout_changes_what_comes_out_but_not_its_mean(part: str) -> None:
    outputs, expected = draws(part)
    error = outputs.std(dim=0) / DRAWS**0.5
    assert (outputs.std(dim=0) > 0).all()
    assert ((outputs.mean(dim=0) - expected[0]).abs() < 5 * error + 1e-6).all()


def test_the_embedding_and_the_input_of_the_head_drop_their_share() -> None:
    config = CONFIG.model_copy(update={"dropout": 0.3, "init_std": 0.0})
    model = small_model(config)  # without weights in the blocks, what comes out is the embedding, normed
    with torch.no_grad():
        model.embedding_VD.fill_(1.0)
        hidden_BLD = model(torch.zeros(400, 8, dtype=torch.int64)).hidden_BLD
    kept = 0.7 * 0.7
    share = (hidden_BLD != 0).float().mean().item()
    assert share == pytest.approx(kept, abs=5 * (kept * (1 - kept) / hidden_BLD.numel()) ** 0.5)
    assert (model.eval()(torch.zeros(1, 8, dtype=torch.int64)).hidden_BLD != 0).all()
