"""Matrix products of row groups of unequal size, each with its own matrix."""

import functools
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

Kernel = Literal["grouped", "grouped, empty groups cleared", "padded"]

# Where torch's grouped product is one kernel on a GPU, by major compute capability and dtype (`_grouped_mm_cuda` in
# aten/src/ATen/native/cuda/GroupedBlas.cpp of torch 2.13). Elsewhere it copies the ends to the host and multiplies group by group.
_ONE_KERNEL: dict[tuple[int, torch.dtype], Kernel] = {
    (9, torch.bfloat16): "grouped",
    # Its backward writes nothing for a matrix whose group is empty (https://github.com/pytorch/pytorch/issues/172439).
    (10, torch.bfloat16): "grouped, empty groups cleared",
}

_ROUND = 128  # padded groups grow in steps of so many rows, so that the allocator sees few sizes
_ALIGNED = 16  # bytes: torch's grouped product takes only matrices whose rows are a multiple of it


@dataclass(frozen=True, slots=True)
class Padding:
    """Groups padded to C rows each: the slot of each row among all E·C, the row of each slot, and which slots are filled."""

    slot_S: Tensor
    row_EC: Tensor
    filled_EC: Tensor


class Groups:
    """Rows in groups: group e has the rows from `ends_E[e - 1]` to `ends_E[e]` (int32). All products of a layer share one."""

    def __init__(self, ends_E: Tensor, rows: int) -> None:
        self.ends_E = ends_E
        self._rows = rows

    @functools.cached_property
    def padding(self) -> Padding:
        """The groups padded to the largest. On a GPU the host waits, once, to learn its size."""
        ends_E, device = self.ends_E, self.ends_E.device
        row_S = torch.arange(self._rows, device=device)
        starts_E = nn.functional.pad(ends_E[:-1], (1, 0))
        largest = int((ends_E - starts_E).max().item())
        room = -(-largest // _ROUND) * _ROUND
        expert_S = torch.searchsorted(ends_E, row_S.int(), right=True)
        slot_S = expert_S * room + row_S - starts_E[expert_S]
        row_EC = starts_E.unsqueeze(1) + torch.arange(room, device=device)
        return Padding(slot_S, row_EC.clamp(max=self._rows - 1), row_EC < ends_E.unsqueeze(1))


def grouped_matmul(x_SI: Tensor, weight_EIO: Tensor, groups: Groups) -> Tensor:
    """Multiply the rows of group e by matrix e: (S, I), (E, I, O) → (S, O)."""
    if torch.compiler.is_compiling():  # by engine.model.regions, which has made an operator of this function
        y_SO: Tensor = torch.ops.moetui.grouped_product(x_SI, weight_EIO, groups.ends_E)
        return y_SO
    kernel = kernel_for(capability(x_SI.device), x_SI.dtype)
    if kernel == "padded":
        return padded_matmul(x_SI, weight_EIO, groups)
    if kernel == "grouped, empty groups cleared":
        weight_EIO = _ClearIdle.apply(weight_EIO, groups.ends_E)
    return _aligned_matmul(x_SI, weight_EIO, groups.ends_E)


def weight_gradient(x_SI: Tensor, grad_SO: Tensor, ends_E: Tensor) -> Tensor:
    """The gradient of the matrices of `grouped_matmul`, (E, I, O), where torch's grouped product is one kernel."""
    step = _ALIGNED // x_SI.element_size()
    inner, outer = (-x.shape[1] % step for x in (x_SI, grad_SO))
    x_SI, grad_SO = nn.functional.pad(x_SI, (0, inner)), nn.functional.pad(grad_SO, (0, outer))
    grad_EIO = nn.functional.grouped_mm(x_SI.mT, grad_SO, offs=ends_E)
    grad_EIO = grad_EIO[:, : x_SI.shape[1] - inner, : grad_SO.shape[1] - outer]
    if kernel_for(capability(x_SI.device), x_SI.dtype) == "grouped, empty groups cleared":
        grad_EIO = _without_idle(grad_EIO, ends_E)
    return grad_EIO


def _without_idle(grad_EIO: Tensor, ends_E: Tensor) -> Tensor:
    empty_E = ends_E == nn.functional.pad(ends_E[:-1], (1, 0))
    return grad_EIO.masked_fill(empty_E[:, None, None], 0.0)


def kernel_for(capability: tuple[int, int] | None, dtype: torch.dtype) -> Kernel:
    """How groups are multiplied on a GPU of this compute capability, or on a CPU (None)."""
    return "grouped" if capability is None else _ONE_KERNEL.get((capability[0], dtype), "padded")


@functools.cache
def capability(device: torch.device) -> tuple[int, int] | None:
    """The compute capability of a GPU; None for a CPU."""
    return torch.cuda.get_device_capability(device) if device.type == "cuda" else None


def _aligned_matmul(x_SI: Tensor, weight_EIO: Tensor, ends_E: Tensor) -> Tensor:
    """The grouped product of torch, with zeros beside matrices of a width that it does not take."""
    step = _ALIGNED // x_SI.element_size()
    inner, outer = (-width % step for width in weight_EIO.shape[1:])
    if inner or outer:
        weight_EIO = nn.functional.pad(weight_EIO, (0, outer, 0, inner))
    if inner:
        x_SI = nn.functional.pad(x_SI, (0, inner))
    y_SO = nn.functional.grouped_mm(x_SI, weight_EIO, offs=ends_E)
    return y_SO[:, :-outer] if outer else y_SO


def padded_matmul(x_SI: Tensor, weight_EIO: Tensor, groups: Groups) -> Tensor:
    """`grouped_matmul` as one batched product over groups padded to the largest, where there is no grouped kernel.

    Without the kernel, torch's grouped product waits for the device each time and then runs the groups one after the other.
    """
    to = groups.padding
    padded_ECI: Tensor = _Pad.apply(x_SI, to.slot_S, to.row_EC, to.filled_EC)
    y_SO: Tensor = _Unpad.apply(padded_ECI @ weight_EIO, to.slot_S, to.row_EC, to.filled_EC)
    return y_SO


def _spread(x_SI: Tensor, row_EC: Tensor, filled_EC: Tensor) -> Tensor:
    return x_SI[row_EC] * filled_EC.unsqueeze(2).to(x_SI.dtype)


class _Pad(torch.autograd.Function):
    """Rows to padded groups; the gradient is a gather, as is that of `_Unpad`."""

    @staticmethod
    def forward(ctx: Any, x_SI: Tensor, slot_S: Tensor, row_EC: Tensor, filled_EC: Tensor) -> Tensor:
        ctx.save_for_backward(slot_S)
        return _spread(x_SI, row_EC, filled_EC)

    @staticmethod
    def backward(ctx: Any, grad_ECI: Tensor) -> tuple[Tensor, None, None, None]:
        (slot_S,) = ctx.saved_tensors
        return grad_ECI.flatten(0, 1)[slot_S], None, None, None


class _Unpad(torch.autograd.Function):
    """Padded groups back to rows."""

    @staticmethod
    def forward(ctx: Any, y_ECO: Tensor, slot_S: Tensor, row_EC: Tensor, filled_EC: Tensor) -> Tensor:
        ctx.save_for_backward(row_EC, filled_EC)
        return y_ECO.flatten(0, 1)[slot_S]

    @staticmethod
    def backward(ctx: Any, grad_SO: Tensor) -> tuple[Tensor, None, None, None]:
        row_EC, filled_EC = ctx.saved_tensors
        return _spread(grad_SO, row_EC, filled_EC), None, None, None


class _ClearIdle(torch.autograd.Function):
    """The matrices as they are; the gradient of one whose group is empty is zero, whatever it comes as."""

    @staticmethod
    def forward(ctx: Any, weight_EIO: Tensor, ends_E: Tensor) -> Tensor:
        ctx.save_for_backward(ends_E)
        return weight_EIO.view_as(weight_EIO)

    @staticmethod
    def backward(ctx: Any, grad_EIO: Tensor) -> tuple[Tensor, None]:
        (ends_E,) = ctx.saved_tensors
        return _without_idle(grad_EIO, ends_E), None
