import math
from typing import Any, Literal

import pytest
import torch

from engine.optim.muon import Muon
from engine.optim.orthogonal import QUINTIC, coefficients, orthogonalize
from engine.optim.scale import Scale


@pytest.mark.parametrize("shape", [(24, 24), (16, 64), (64, 16)])
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize(("scale", "named"), [("original", "original"), ("match-rms-adamw", "match_rms_adamw")])
def test_muon_follows_torchs_on_matrices(
    shape: tuple[int, int], nesterov: bool, scale: Scale, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # torch iterates on a copy in bfloat16, of three digits.
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.to(torch.float32, copy=True))
    draw = torch.Generator().manual_seed(5)
    ours = torch.nn.Parameter(torch.randn(shape, generator=draw))
    # torch stores a matrix as (out, in).
    theirs = torch.nn.Parameter(ours.detach().T.clone())
    settings: dict[str, Any] = {"momentum": 0.95, "nesterov": nesterov}
    muon = Muon({"w": ours}, coefficients=[QUINTIC] * 5, decay={"w": 0.1}, scale=scale, **settings)
    reference = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, adjust_lr_fn=named, **settings)
    for _ in range(4):
        ours.grad = torch.randn(shape, generator=draw)
        theirs.grad = ours.grad.T.clone()
        muon.step(0.02)
        reference.step()
    torch.testing.assert_close(ours.detach(), theirs.detach().T, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(24, 24), (16, 64), (64, 16), (3, 16, 64)])
def test_an_update_of_spectral_scale_changes_outputs_alike_whatever_the_shape(shape: tuple[int, ...]) -> None:
    weights = torch.nn.Parameter(torch.zeros(shape))
    weights.grad = torch.randn(shape, generator=torch.Generator().manual_seed(5))
    exact = coefficients("polar-express", 9)
    decay = {"w": 0.0}
    Muon({"w": weights}, momentum=0.0, nesterov=False, coefficients=exact, decay=decay, scale="spectral").step(0.5)
    d_in, d_out = shape[-2:]
    moved = torch.linalg.svdvals(weights.detach()) / math.sqrt(d_out / d_in)
    torch.testing.assert_close(moved, torch.full_like(moved, 0.5), rtol=1e-3, atol=0.0)


def test_a_stack_moves_as_its_matrices_would_alone() -> None:
    draw = torch.Generator().manual_seed(5)
    stack = torch.nn.Parameter(torch.randn(3, 8, 20, generator=draw))
    single = {str(i): torch.nn.Parameter(stack[i].detach().clone()) for i in range(3)}
    stack.grad = torch.randn(3, 8, 20, generator=draw)
    for i in range(3):
        single[str(i)].grad = stack.grad[i].clone()
    for parameters in ({"stack": stack}, single):
        decay = dict.fromkeys(parameters, 0.0)
        Muon(parameters, momentum=0.9, nesterov=True, coefficients=[QUINTIC] * 5, decay=decay).step(0.1)
    torch.testing.assert_close(stack.detach(), torch.stack([single[str(i)].detach() for i in range(3)]))


@pytest.mark.parametrize(
    ("kind", "steps", "error"), [("quintic", 5, 0.35), ("polar-express", 5, 0.2), ("polar-express", 9, 1e-4)]
)
def test_the_singular_values_come_near_one(kind: Literal["quintic", "polar-express"], steps: int, error: float) -> None:
    values = torch.cat(
        [torch.tensor([1.0, 0.5, 0.1, 0.03, 0.01]), torch.rand(11, generator=torch.Generator().manual_seed(1))]
    )
    left, right = (torch.linalg.qr(torch.randn(n, 16, generator=torch.Generator().manual_seed(n)))[0] for n in (16, 40))
    found = orthogonalize(left @ values.diag() @ right.T, coefficients(kind, steps), torch.float32)
    assert (torch.linalg.svdvals(found) - 1).abs().max() < error


def test_a_large_matrix_is_divided_by_its_exact_norm() -> None:
    # A single step of a polynomial that changes nothing leaves what the matrix was divided by.
    matrix = torch.randn(1152, 4096, generator=torch.Generator().manual_seed(1))
    scaled = orthogonalize(matrix, [(1.0, 0.0, 0.0)], torch.float32)
    assert scaled.double().norm().item() == pytest.approx(1.0, rel=2e-6)


def test_polar_express_ends_nearer_than_the_quintic() -> None:
    matrix = torch.randn(32, 48, generator=torch.Generator().manual_seed(3))
    polar = torch.linalg.svd(matrix, full_matrices=False)
    nearest = polar.U @ polar.Vh
    quintic, express = (
        (orthogonalize(matrix, steps, torch.float32) - nearest).norm()
        for steps in (coefficients("quintic", 5), coefficients("polar-express", 5))
    )
    assert express < 0.6 * quintic


@pytest.mark.parametrize("kind", ["quintic", "polar-express"])
@pytest.mark.parametrize("steps", [2, 5, 10])
@pytest.mark.parametrize("least", [1e-1, 1e-3, 1e-6])
def test_in_bfloat16_it_is_as_near_as_the_iteration_on_whole_matrices(
    kind: Literal["quintic", "polar-express"], steps: int, least: float
) -> None:
    draw = torch.Generator().manual_seed(7)
    left, right = (torch.linalg.qr(torch.randn(n, 64, generator=draw))[0] for n in (64, 256))
    matrix = left @ torch.logspace(0, math.log10(least), 64).diag() @ right.T
    polynomials = coefficients(kind, steps)
    exact = orthogonalize(matrix.double(), polynomials, torch.float64)
    whole = (matrix / matrix.norm()).bfloat16()
    for a, b, c in polynomials:
        gram = whole @ whole.T
        whole = a * whole + (b * gram + c * gram @ gram) @ whole
    ours = orthogonalize(matrix, polynomials, torch.bfloat16)
    assert ours.dtype == torch.float32
    assert (ours - exact).norm() < 1.5 * (whole - exact).norm() + 0.01 * exact.norm()
