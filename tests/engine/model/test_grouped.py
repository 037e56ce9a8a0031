"""Products of row groups with their own matrices, against a loop over the groups in float64."""

from collections.abc import Callable
from random import Random
from typing import Any, Literal

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from engine.model.experts import Experts
from engine.model.grouped import Groups, grouped_matmul, kernel_for, padded_matmul
from engine.spec.model import ModelConfig

Product = Callable[[Tensor, Tensor, Groups], Tensor]

grouped_mm = nn.functional.grouped_mm

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
    y_SO = product(x_SI, weight_EIO, Groups(ends_E, len(x_SI)))
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


@pytest.mark.parametrize(
    ("capability", "dtype", "kernel"),
    [
        (None, torch.float32, "grouped"),
        (None, torch.bfloat16, "grouped"),
        ((9, 0), torch.bfloat16, "grouped"),
        ((9, 0), torch.float32, "padded"),
        ((10, 0), torch.bfloat16, "grouped, empty groups cleared"),
        ((10, 3), torch.bfloat16, "grouped, empty groups cleared"),
        ((10, 0), torch.float32, "padded"),
        ((7, 5), torch.float32, "padded"),
        ((8, 0), torch.bfloat16, "padded"),
        ((8, 9), torch.bfloat16, "padded"),
        ((11, 0), torch.bfloat16, "padded"),
        ((12, 0), torch.bfloat16, "padded"),
        ((12, 1), torch.float32, "padded"),
    ],
)
def test_torchs_grouped_product_is_taken_only_where_it_is_one_kernel(
    capability: tuple[int, int] | None, dtype: torch.dtype, kernel: str
) -> None:
    assert kernel_for(capability, dtype) == kernel


@pytest.mark.parametrize("capability", [(8, 0), (9, 0), (10, 0), (12, 0)])
@pytest.mark.parametrize("dtype", ROUNDING)
def test_every_way_that_a_gpu_takes_gives_the_same_product(
    capability: tuple[int, int], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.model.grouped.capability", lambda _device: capability)
    for seed in range(12):
        assert_equal_to_the_loop(grouped_matmul, seed, dtype)


class Waits(TorchDispatchMode):
    """Counts how often the host asks for a number, for which it would wait for a GPU."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("kind", ["mlp", "swiglu"])
def test_padded_groups_are_measured_once_for_all_products_of_a_layer(
    kind: Literal["mlp", "swiglu"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.model.grouped.kernel_for", lambda *_: "padded")
    experts = Experts(ModelConfig(d_model=32, d_ff=24, n_experts=4, experts=kind))
    for parameter in experts.parameters():
        nn.init.normal_(parameter)
    with Waits() as waits:
        experts(torch.randn(12, 32), torch.tensor([3, 3, 9, 12], dtype=torch.int32)).sum().backward()
    assert waits.count == 1


class Garbage(torch.autograd.Function):
    """Torch's grouped product as it is on Blackwell: the gradient of a group without rows is what lay in the memory."""

    @staticmethod
    def forward(ctx: Any, x_SI: Tensor, weight_EIO: Tensor, ends_E: Tensor) -> Tensor:
        ctx.save_for_backward(x_SI, weight_EIO, ends_E)
        return grouped_mm(x_SI, weight_EIO, offs=ends_E)

    @staticmethod
    def backward(ctx: Any, grad_SO: Tensor) -> tuple[Tensor, Tensor, None]:
        x_SI, weight_EIO, ends_E = ctx.saved_tensors
        with torch.enable_grad():
            leaves = [x_SI.detach().requires_grad_(), weight_EIO.detach().requires_grad_()]
            grad_SI, grad_EIO = torch.autograd.grad(grouped_mm(*leaves, offs=ends_E), leaves, grad_SO.contiguous())
        grad_EIO[ends_E.diff(prepend=ends_E.new_zeros(1)) == 0] = torch.nan
        return grad_SI, grad_EIO, None


def as_on_blackwell(x_SI: Tensor, weight_EIO: Tensor, offs: Tensor) -> Tensor:
    y_SO: Tensor = Garbage.apply(x_SI, weight_EIO, offs)  # type: ignore[no-untyped-call]
    return y_SO


@pytest.mark.parametrize("dtype", ROUNDING)
def test_a_group_without_rows_has_no_gradient_where_the_kernel_leaves_garbage(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.model.grouped.kernel_for", lambda *_: "grouped, empty groups cleared")
    monkeypatch.setattr(nn.functional, "grouped_mm", as_on_blackwell)
    for seed in range(12):
        assert_equal_to_the_loop(grouped_matmul, seed, dtype)
