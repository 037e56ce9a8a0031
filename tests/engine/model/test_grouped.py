"""Products of row groups with their own matrices, against a loop over the groups in float64."""

from collections.abc import Callable
from random import Random

import pytest
import torch
from torch import Tensor

from engine.model.grouped import grouped_matmul, padded_matmul

Product = Callable[[Tensor, Tensor, Tensor], Tensor]

ROUNDING = {torch.float32: 1e-6, torch.bfloat16: 1e-2}


def random_case(seed: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Rows (S, I), matrices (E, I, O) and the ends (E,) of groups, some of them empty, of random sizes of any parity."""
    draw = Random(seed)
    torch.manual_seed(seed)
    sizes = [draw.choice([0, 1, draw.randint(2, 30)]) for _ in range(draw.randint(1, 6))]
    sizes[draw.randrange(len(sizes))] += 1
    rows, columns = draw.randint(1, 70), draw.randint(1, 70)
    ends_E = torch.tensor(sizes).cumsum(0).to(torch.int32)
    x_SI = torch.randn(sum(sizes), rows).to(dtype).requires_grad_()
    return x_SI, torch.randn(len(sizes), rows, columns).to(dtype).requires_grad_(), ends_E


def loop(x_SI: Tensor, weight_EIO: Tensor, ends_E: Tensor) -> Tensor:
    starts = [0, *ends_E.tolist()[:-1]]
    groups = zip(starts, ends_E.tolist(), weight_EIO, strict=True)
    return torch.cat([x_SI[start:end] @ weight_IO for start, end, weight_IO in groups])


def assert_equal_to_the_loop(product: Product, seed: int, dtype: torch.dtype) -> None:
    x_SI, weight_EIO, ends_E = random_case(seed, dtype)
    y_SO = product(x_SI, weight_EIO, ends_E)
    assert y_SO.dtype == dtype
    grad_SO = torch.randn_like(y_SO)
    y_SO.backward(grad_SO)
    exact_SI, exact_EIO = (value.detach().double().requires_grad_() for value in (x_SI, weight_EIO))
    exact_SO = loop(exact_SI, exact_EIO, ends_E)
    exact_SO.backward(grad_SO.double())
    for found, expected in ((y_SO, exact_SO), (x_SI.grad, exact_SI.grad), (weight_EIO.grad, exact_EIO.grad)):
        assert found is not None
        assert expected is not None
        assert (found - expected).norm() <= ROUNDING[dtype] * expected.norm()


@pytest.mark.parametrize("product", [grouped_matmul, padded_matmul])
@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("seed", range(25))
def test_groups_of_any_width_are_multiplied(product: Product, dtype: torch.dtype, seed: int) -> None:
    assert_equal_to_the_loop(product, seed, dtype)
