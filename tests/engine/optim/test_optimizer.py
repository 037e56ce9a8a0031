from typing import Any

import pytest
import torch
from torch import nn

from engine.config import resolve
from engine.model.transformer import Transformer
from engine.optim.adamw import AdamW
from engine.optim.optimizer import Optimizer
from engine.optim.roles import role_of
from engine.optim.sgd import Sgd
from tests.engine.tiny import MODEL


def optimizer_of(model: nn.Module, **settings: Any) -> Optimizer:
    return Optimizer(model, resolve({"optimizer": settings}).optimizer)


def tiny_model() -> Transformer:
    torch.manual_seed(0)
    model = Transformer(resolve({"model": MODEL}).model)
    model.initialize()
    return model


def with_gradients(model: nn.Module, size: float = 1.0) -> None:
    draw = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.grad = size * torch.randn(parameter.shape, generator=draw)


def moved(settings: dict[str, Any]) -> set[str]:
    """The roles whose parameters Muon moves: with an AdamW rate of next to nothing the others stay."""
    model = tiny_model()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    still = {"decay_matrices": 0.0, "decay_embedding": 0.0, "adamw_ratio": 1e-30}
    optimizer = optimizer_of(model, **still, **settings)
    with_gradients(model)
    optimizer.step(0.1)
    return {role_of(name, p) for name, p in model.named_parameters() if not torch.equal(before[name], p)}


@pytest.mark.parametrize(
    ("targets", "roles"),
    [
        (("attention", "experts"), {"attention", "experts"}),
        (("router",), {"router"}),
        (("embedding", "router"), {"embedding", "router"}),
    ],
)
def test_muon_takes_its_targets(targets: tuple[str, ...], roles: set[str]) -> None:
    assert moved({"muon_targets": targets}) == roles


@pytest.mark.parametrize("kind", ["muon", "adamw", "sgd"])
def test_every_group_decays_as_it_is_told(kind: str) -> None:
    model = tiny_model()
    for parameter in model.parameters():
        parameter.data.fill_(1.0)
        parameter.grad = torch.zeros_like(parameter)
    decay = {"decay_matrices": 0.1, "decay_embedding": 0.2, "decay_gains": 0.3}
    optimizer_of(model, kind=kind, adamw_ratio=0.5, **decay).step(0.1)
    left = {role_of(name, p): p.flatten()[0].item() for name, p in model.named_parameters()}
    half = 0.5 if kind == "muon" else 1.0
    assert left == pytest.approx(
        {
            "attention": 1 - 0.01,
            "experts": 1 - 0.01,
            "router": 1 - 0.01 * half,
            "embedding": 1 - 0.02 * half,
            "gain": 1 - 0.03 * half,
        }
    )


@pytest.mark.parametrize("clip", [0.0, 0.5, 1e9])
def test_the_norm_is_reported_before_clipping(clip: float) -> None:
    model = tiny_model()
    start = [p.detach().clone() for p in model.parameters()]
    with_gradients(model, size=0.01)
    norm = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]).norm().item()
    decay = {"decay_matrices": 0.0, "decay_embedding": 0.0}
    optimizer = optimizer_of(model, kind="sgd", momentum=0.0, nesterov=False, grad_clip=clip, **decay)
    assert optimizer.step(1.0).item() == pytest.approx(norm, rel=1e-5)
    assert all(p.grad is None for p in model.parameters())
    step = torch.cat([(a - b).flatten() for a, b in zip(start, model.parameters(), strict=True)]).norm().item()
    assert step == pytest.approx(min(norm, clip) if clip else norm, rel=1e-3)


@pytest.mark.parametrize("elements", [4_700_000, 18_900_000])
def test_the_norm_of_a_large_tensor_is_exact_and_so_is_what_it_is_clipped_to(elements: int) -> None:
    model = nn.Module()
    model.register_parameter("embedding_VD", nn.Parameter(torch.zeros(elements // 100, 100)))
    parameter = next(model.parameters())
    parameter.grad = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    exact = parameter.grad.double().norm().item()
    optimizer = optimizer_of(model, kind="sgd", momentum=0.0, nesterov=False, decay_embedding=0.0)
    assert optimizer.step(1.0).item() == pytest.approx(exact, rel=2e-6)
    assert parameter.detach().double().norm().item() == pytest.approx(1.0, rel=2e-6)


@pytest.mark.parametrize("kind", ["muon", "adamw", "sgd"])
def test_a_state_taken_over_gives_the_same_next_step(kind: str) -> None:
    first, second = tiny_model(), tiny_model()
    one = optimizer_of(first, kind=kind)
    with_gradients(first)
    one.step(0.02)
    second.load_state_dict(first.state_dict())
    two = optimizer_of(second, kind=kind)
    two.load_state({name: value.clone() for name, value in one.state().items()})
    for model, optimizer in ((first, one), (second, two)):
        with_gradients(model, size=0.5)
        optimizer.step(0.02)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


@pytest.mark.parametrize("nesterov", [True, False])
def test_sgd_is_torchs(nesterov: bool) -> None:
    ours, theirs = (nn.Parameter(torch.ones(5)) for _ in range(2))
    sgd = Sgd({"w": ours}, momentum=0.9, nesterov=nesterov, decay={"w": 0.0})
    reference = torch.optim.SGD([theirs], lr=0.1, momentum=0.9, nesterov=nesterov)
    for step in range(4):
        ours.grad = torch.arange(5.0) - step
        theirs.grad = ours.grad.clone()
        sgd.step(0.1)
        reference.step()
    torch.testing.assert_close(ours.detach(), theirs.detach())


def test_adamw_is_torchs() -> None:
    ours, theirs = (nn.Parameter(torch.ones(5)) for _ in range(2))
    adamw = AdamW({"w": ours}, beta1=0.9, beta2=0.95, eps=1e-8, decay={"w": 0.1})
    reference = torch.optim.AdamW([theirs], lr=0.1, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    for step in range(4):
        ours.grad = torch.arange(5.0) - step
        theirs.grad = ours.grad.clone()
        adamw.step(0.1)
        reference.step()
    torch.testing.assert_close(ours.detach(), theirs.detach())
