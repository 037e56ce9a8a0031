from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from engine.model.transformer import Transformer
from engine.optim.adamw import AdamW
from engine.optim.muon import Muon
from engine.optim.optimizer import Optimizer
from engine.optim.sgd import Sgd
from engine.spec.config import resolve
from engine.spec.optimizers import OPTIMIZERS
from engine.spec.roles import role_of
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


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_group_decays_as_it_is_told(kind: str) -> None:
    model = tiny_model()
    for parameter in model.parameters():
        parameter.data.fill_(1.0)
        parameter.grad = torch.zeros_like(parameter)
    decay = {"decay_matrices": 0.1, "decay_embedding": 0.2, "decay_gains": 0.3}
    optimizer_of(model, kind=kind, adamw_ratio=0.5, idle_experts="momentum", **decay).step(0.1)
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


@pytest.mark.parametrize("kind", OPTIMIZERS)
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


def travel(settings: dict[str, Any], updates: int) -> tuple[float, float]:
    """How far the weights and the momentum of an expert move in updates in which no token reaches it, after ten in which one did.

    The weights in units of the way of another expert, which tokens reach all the time; the momentum in units of its size.
    """
    model = tiny_model()
    optimizer = optimizer_of(model, grad_clip=0.0, **settings)
    expert, live = (model.get_parameter("blocks.0.moe.experts.up_EDF")[e] for e in (1, 2))
    momentum = next((v for n, v in optimizer.state().items() if n == "momentum.blocks.0.moe.experts.up_EDF"), None)
    draw = torch.Generator().manual_seed(1)
    for update in range(10 + updates):
        if update == 10:
            start, live_start = expert.detach().clone(), live.detach().clone()
            before = None if momentum is None else momentum[1].clone()
        for name, parameter in model.named_parameters():
            parameter.grad = torch.randn(parameter.shape, generator=draw)
            if update >= 10 and ".experts." in name:
                parameter.grad[1] = 0.0
        optimizer.step(0.01)
    way = ((expert - start).norm() / (live - live_start).norm()).item()
    return way, 0.0 if momentum is None or before is None else ((momentum[1] - before).norm() / before.norm()).item()


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_an_expert_that_no_token_reaches_stands_still_under_muon_and_goes_on_only_if_asked(decay: float) -> None:
    assert travel({"decay_matrices": decay}, updates=50) == (0.0, 0.0)
    way, momentum = travel({"decay_matrices": decay, "idle_experts": "momentum"}, updates=50)
    assert way > 1.0
    assert momentum > 0.9


def test_an_expert_that_is_reached_again_goes_on_from_the_momentum_it_had() -> None:
    first, second = tiny_model(), tiny_model()
    for model, idle in ((first, True), (second, False)):
        optimizer = optimizer_of(model, grad_clip=0.0)
        for update in range(3):
            if update == 1 and not idle:
                continue
            with_gradients(model)
            for name, parameter in model.named_parameters():
                if ".experts." in name and update == 1:
                    assert parameter.grad is not None
                    parameter.grad[1] = 0.0
            optimizer.step(0.02)
    name = "blocks.1.moe.experts.down_EFD"
    assert torch.equal(first.get_parameter(name)[1], second.get_parameter(name)[1])
    assert not torch.equal(first.get_parameter(name)[0], second.get_parameter(name)[0])


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_under_adamw_and_sgd_an_idle_expert_soon_stands_still(kind: str) -> None:
    lengths = [travel({"kind": kind, "momentum": 0.9, "decay_matrices": 0.0}, updates=n)[0] for n in (100, 400)]
    assert lengths[1] < 0.6 * lengths[0]  # the way of the other one grows, this one's does not


@pytest.mark.parametrize("idle_experts", ["frozen", "momentum"])
def test_muons_batches_for_a_gpu_move_as_its_single_matrices_do(
    idle_experts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart, together = tiny_model(), tiny_model()
    optimizers = [optimizer_of(model, idle_experts=idle_experts) for model in (apart, together)]
    muon = optimizers[1].parts[0][0]
    assert isinstance(muon, Muon)
    monkeypatch.setattr(muon, "_step_apart", muon._step_together)
    for update in range(3):
        for model, optimizer in zip((apart, together), optimizers, strict=True):
            with_gradients(model, size=0.1 + update)
            if update:
                gradient = model.get_parameter("blocks.0.moe.experts.up_EDF").grad
                assert gradient is not None
                gradient[3] = 0.0
            optimizer.step(0.02)
    for one, other in zip(apart.parameters(), together.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)
    states = [optimizer.state() for optimizer in optimizers]
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("asked", "compute", "products"),
    [
        ("auto", torch.float32, torch.float32),
        ("auto", torch.bfloat16, torch.bfloat16),
        ("float32", torch.bfloat16, torch.float32),
        ("bfloat16", torch.float32, torch.bfloat16),
    ],
)
def test_newton_schulz_multiplies_in_the_precision_asked_for(
    asked: str, compute: torch.dtype, products: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[torch.dtype] = set()
    whole = torch.baddbmm

    def watched(*operands: torch.Tensor, beta: float, alpha: float = 1.0) -> torch.Tensor:
        seen.update(operand.dtype for operand in operands)
        return whole(operands[0], operands[1], operands[2], beta=beta, alpha=alpha)

    monkeypatch.setattr(torch, "baddbmm", watched)
    model = tiny_model()
    with_gradients(model)
    Optimizer(model, resolve({"optimizer": {"newton_schulz_dtype": asked}}).optimizer, compute).step(0.01)
    assert seen == {products}


def test_on_a_gpu_newton_schulz_is_bfloat16_unless_float32_is_asked_for() -> None:
    def dtype(asked: str) -> torch.dtype:
        with FakeTensorMode(), torch.device("cuda"):
            model = Transformer(resolve({"model": MODEL}).model)
            muon = optimizer_of(model, newton_schulz_dtype=asked).parts[0][0]
        assert isinstance(muon, Muon)
        return muon.products

    assert dtype("auto") == torch.bfloat16
    assert dtype("float32") == torch.float32
