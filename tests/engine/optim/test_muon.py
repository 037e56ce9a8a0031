import pytest
import torch

from engine.optim.muon import Muon
from engine.optim.orthogonal import QUINTIC


@pytest.mark.parametrize("shape", [(24, 24), (16, 64), (64, 16)])
@pytest.mark.parametrize("nesterov", [True, False])
def test_muon_follows_torchs_on_matrices(shape: tuple[int, int], nesterov: bool) -> None:
    draw = torch.Generator().manual_seed(5)
    ours = torch.nn.Parameter(torch.randn(shape, generator=draw))
    # torch stores a matrix as (out, in).
    theirs = torch.nn.Parameter(ours.detach().T.clone())
    muon = Muon({"w": ours}, momentum=0.95, nesterov=nesterov, coefficients=[QUINTIC] * 5, decay=0.1)
    reference = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, momentum=0.95, nesterov=nesterov)
    start = ours.detach().clone()
    for _ in range(4):
        ours.grad = torch.randn(shape, generator=draw)
        theirs.grad = ours.grad.T.clone()
        muon.step(0.02)
        reference.step()
    moved = (ours - start).norm()
    # torch iterates in bfloat16, of three digits.
    assert (ours - theirs.T).norm() < 0.02 * moved


def test_a_stack_moves_as_its_matrices_would_alone() -> None:
    draw = torch.Generator().manual_seed(5)
    stack = torch.nn.Parameter(torch.randn(3, 8, 20, generator=draw))
    single = {str(i): torch.nn.Parameter(stack[i].detach().clone()) for i in range(3)}
    stack.grad = torch.randn(3, 8, 20, generator=draw)
    for i in range(3):
        single[str(i)].grad = stack.grad[i].clone()
    for parameters in ({"stack": stack}, single):
        Muon(parameters, momentum=0.9, nesterov=True, coefficients=[QUINTIC] * 5, decay=0.0).step(0.1)
    torch.testing.assert_close(stack.detach(), torch.stack([single[str(i)].detach() for i in range(3)]))
