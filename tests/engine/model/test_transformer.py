import pytest
import torch

from engine.config import ModelConfig
from engine.model.loss import predict
from engine.model.transformer import Transformer
from tests.engine.model.naive import naive_loss

CONFIG = ModelConfig(
    vocab_size=50,
    d_model=16,
    n_layers=2,
    n_heads=2,
    d_ff=24,
    n_experts=4,
    top_k=2,
    dropout=0.0,
    router_noise=0.0,
    balance_weight=0.1,
    init_std=0.2,
)


def test_loss_and_all_gradients_equal_those_of_a_naive_implementation() -> None:
    torch.manual_seed(3)
    model = Transformer(CONFIG)
    model.initialize()
    tokens_BL = torch.randint(CONFIG.vocab_size, (2, 9))
    output = model(tokens_BL)
    prediction = predict(output.hidden_BLD, model.embedding_VD, tokens_BL)
    loss = prediction.loss_sum / prediction.count + CONFIG.balance_weight * output.balance()
    loss.backward()

    copies = {name: p.detach().clone().requires_grad_() for name, p in model.named_parameters()}
    expected = naive_loss(copies, tokens_BL, CONFIG)
    expected.backward()

    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        reference = copies[name].grad
        assert reference is not None, name
        assert reference.norm() > 0, name
        assert (parameter.grad - reference).norm() / reference.norm() < 1e-5, name


@pytest.mark.parametrize("top_k", [1, 4])
def test_the_configuration_counts_the_parameters_of_the_model(top_k: int) -> None:
    config = CONFIG.model_copy(update={"top_k": top_k})
    model = Transformer(config)
    assert config.parameters == sum(p.numel() for p in model.parameters())
    idle = sum(p.numel() for n, p in model.named_parameters() if ".experts." in n) * (4 - top_k) // 4
    assert config.active_parameters == config.parameters - idle


def test_the_reference_model_has_the_published_number_of_parameters() -> None:
    assert ModelConfig().parameters == 79_059_840
    assert ModelConfig().active_parameters == 36_592_512
