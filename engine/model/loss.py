"""Next-token cross-entropy through the head, in chunks of rows, so that one chunk of logits is alive at any time.

The gradient is formed in the forward pass, where the logits are at hand; the backward pass only scales it. `N` is the number
of predictions, B·(L - 1): the last position of a sequence has nothing to predict and is dropped before the head.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CHUNK = 1024  # rows whose logits are alive at once
BLOCK = 1 << 20  # logits that a processor scores at once: 4 MB in float32, which stay in its cache over the passes

Judge = Callable[[Tensor, Tensor, Tensor, Tensor], None]
"""What is made of a chunk of logits (C, V) and its targets (C): losses and hits, each (C), are written, and d loss / d logits
takes the place of the logits."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """How N tokens were predicted: the summed loss in nats and the number predicted right, both still on the device."""

    loss_sum: Tensor
    correct: Tensor
    count: int


def judge(logits_CV: Tensor, targets_C: Tensor, loss_C: Tensor, right_C: Tensor) -> None:
    """A `Judge`, by operations of torch one after the other."""
    _judge(logits_CV, targets_C, loss_C, right_C, gradient=True)


def predict(hidden_BLD: Tensor, head_VD: Tensor, tokens_BL: Tensor, judge: Judge = judge) -> Prediction:
    """Score the prediction of each token from those before it; `loss_sum` carries the gradient if one is wanted."""
    hidden_ND = hidden_BLD[:, :-1].flatten(0, 1)
    targets_N = tokens_BL[:, 1:].flatten()
    if torch.is_grad_enabled():
        loss_sum, correct = _CrossEntropy.apply(hidden_ND, head_VD, targets_N, judge)
    else:
        loss_sum, correct = _score(hidden_ND, head_VD.to(hidden_ND.dtype), targets_N)
    return Prediction(loss_sum, correct, len(targets_N))


def _score(hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
    loss_N, right_N = _outcomes(targets_N)
    for start in range(0, len(hidden_ND), CHUNK):
        rows = slice(start, start + CHUNK)
        _judge(hidden_ND[rows] @ head_VD.T, targets_N[rows], loss_N[rows], right_N[rows], gradient=False)
    return loss_N.sum(), right_N.sum()


def _outcomes(targets_N: Tensor) -> tuple[Tensor, Tensor]:
    """Room for the loss of each prediction and for whether it was right."""
    return torch.empty_like(targets_N, dtype=torch.float32), torch.empty_like(targets_N, dtype=torch.bool)


def _judge(logits_CV: Tensor, targets_C: Tensor, loss_C: Tensor, right_C: Tensor, *, gradient: bool) -> None:
    """Write the losses and whether each guess is right; put d loss / d logits in the place of the logits if it is wanted.

    The sums are float32 whatever the logits are. A GPU takes all rows at once, since there it is launches that cost.
    """
    size = len(logits_CV) if logits_CV.is_cuda else max(BLOCK // logits_CV.shape[1], 1)
    for logits_RV, targets_R, loss_R, right_R in zip(
        *(whole.split(size) for whole in (logits_CV, targets_C, loss_C, right_C)), strict=True
    ):
        powers_RV = logits_RV.float()
        targets_R1 = targets_R.unsqueeze(1)
        top_R1, guess_R1 = powers_RV.max(dim=-1, keepdim=True)
        target_R1 = powers_RV.gather(1, targets_R1)
        powers_RV = powers_RV.sub_(top_R1).exp_()
        total_R1 = powers_RV.sum(dim=-1, keepdim=True)
        loss_R.copy_((total_R1.log() + top_R1 - target_R1).squeeze(1))
        right_R.copy_(guess_R1.squeeze(1) == targets_R)
        if gradient:
            # d loss / d logits = softmax - one-hot
            powers_RV.div_(total_R1).scatter_add_(1, targets_R1, powers_RV.new_full(targets_R1.shape, -1.0))
            if powers_RV.dtype != logits_RV.dtype:
                logits_RV.copy_(powers_RV)


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, judge: Judge) -> tuple[Tensor, Tensor]:
        head = head_VD.to(hidden_ND.dtype)
        loss_N, right_N = _outcomes(targets_N)
        grad_hidden_ND = torch.empty_like(hidden_ND)
        grad_head_VD: Tensor | None = None
        for start in range(0, len(hidden_ND), CHUNK):
            rows = slice(start, start + CHUNK)
            grad_CV = hidden_ND[rows] @ head.T
            judge(grad_CV, targets_N[rows], loss_N[rows], right_N[rows])
            torch.mm(grad_CV, head, out=grad_hidden_ND[rows])
            if grad_head_VD is None:
                grad_head_VD = (grad_CV.T @ hidden_ND[rows]).to(head_VD.dtype)
            elif head.dtype == head_VD.dtype:
                grad_head_VD.addmm_(grad_CV.T, hidden_ND[rows])
            else:
                grad_head_VD += grad_CV.T @ hidden_ND[rows]
        ctx.gradients = [grad_hidden_ND, grad_head_VD]
        correct = right_N.sum()
        ctx.mark_non_differentiable(correct)
        return loss_N.sum(), correct

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor, _: Tensor) -> tuple[Tensor, Tensor, None, None]:
        # Scaled where they lie and let go: nobody needs them a second time.
        gradients = ctx.gradients
        del ctx.gradients
        return gradients.pop(0).mul_(grad_loss), gradients.pop().mul_(grad_loss), None, None
