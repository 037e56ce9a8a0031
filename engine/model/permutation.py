"""Moving tokens to their experts and back, so that neither direction nor its gradient ever scatters.

The S = T·K assignments are sorted by expert. Row s of the sorted buffer is assignment `order_S[s]`, and assignment a (token
a // K, choice a % K) lies at row `place_S[a]`, the inverse permutation. Every gradient below is a gather through the other one.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Where each assignment goes: `order_S` and its inverse `place_TK`, and `ends_E`, the end row of each expert (int32)."""

    order_S: Tensor
    place_TK: Tensor
    ends_E: Tensor


def dispatch(experts_TK: Tensor, n_experts: int) -> Dispatch:
    """Sort the assignments of T tokens by expert, keeping their order within an expert."""
    sorted_S, order_S = experts_TK.flatten().sort(stable=True)
    place_S = torch.empty_like(order_S)
    place_S[order_S] = torch.arange(len(order_S), device=order_S.device)
    # Counting by binary search leaves the counts on the device; bincount would wait for them.
    ends_E = torch.searchsorted(sorted_S, torch.arange(n_experts, device=sorted_S.device), right=True)
    return Dispatch(order_S, place_S.view_as(experts_TK), ends_E.to(torch.int32))


def gather(x_TD: Tensor, to: Dispatch) -> Tensor:
    """Copy each token to the rows of its experts: (T, D) → (S, D)."""
    rows_SD: Tensor = _Gather.apply(x_TD, to.order_S, to.place_TK)
    return rows_SD


def combine(y_SD: Tensor, weights_TK: Tensor, to: Dispatch) -> Tensor:
    """Weighted sum of the experts' outputs per token: (S, D), (T, K) → (T, D) in float32."""
    y_TD: Tensor = _Combine.apply(y_SD, weights_TK, to.order_S, to.place_TK)
    return y_TD


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_TD: Tensor, order_S: Tensor, place_TK: Tensor) -> Tensor:
        ctx.save_for_backward(place_TK)
        return x_TD[order_S // place_TK.shape[1]]

    @staticmethod
    def backward(ctx: Any, grad_SD: Tensor) -> tuple[Tensor, None, None]:
        (place_TK,) = ctx.saved_tensors
        grad_TD = grad_SD[place_TK[:, 0]]
        for k in range(1, place_TK.shape[1]):
            grad_TD = grad_TD + grad_SD[place_TK[:, k]]
        return grad_TD, None, None


class _Combine(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y_SD: Tensor, weights_TK: Tensor, order_S: Tensor, place_TK: Tensor) -> Tensor:
        ctx.save_for_backward(y_SD, weights_TK, order_S, place_TK)
        y_TD = weights_TK[:, :1] * y_SD[place_TK[:, 0]]
        for k in range(1, place_TK.shape[1]):
            # Out of place: the compiler of torch 2.11 loses the gradient of a result that is changed in place.
            y_TD = y_TD.addcmul(weights_TK[:, k : k + 1], y_SD[place_TK[:, k]].to(y_TD.dtype))
        return y_TD

    @staticmethod
    def backward(ctx: Any, grad_TD: Tensor) -> tuple[Tensor, Tensor, None, None]:
        y_SD, weights_TK, order_S, place_TK = ctx.saved_tensors
        k = place_TK.shape[1]
        token_S = order_S // k
        grad_y_SD = (grad_TD[token_S] * weights_TK.flatten()[order_S].unsqueeze(1)).to(y_SD.dtype)
        grad_weights_TK = torch.stack(
            [(grad_TD * y_SD[place_TK[:, i]]).sum(dim=1) for i in range(k)],
            dim=1,
        )
        return grad_y_SD, grad_weights_TK.to(weights_TK.dtype), None, None
