"""Next-token cross-entropy through the head, in chunks of rows, so that one chunk of logits is alive at any time.

The gradient is formed in the forward pass, where the logits are at hand; the backward pass only scales it. `N` is the number
of predictions, B·(L - 1): the last position of a sequence has nothing to predict and is dropped before the head.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CHUNK = 512  # rows whose logits are alive at once


@dataclass(frozen=True, slots=True)
class Prediction:
    """How N tokens were predicted: the summed loss in nats and the number predicted right, both still on the device."""

    loss_sum: Tensor
    correct: Tensor
    count: int


def predict(hidden_BLD: Tensor, head_VD: Tensor, tokens_BL: Tensor) -> Prediction:
    """Score the prediction of each token from those before it; `loss_sum` carries the gradient if one is wanted."""
    hidden_ND = hidden_BLD[:, :-1].flatten(0, 1)
    targets_N = tokens_BL[:, 1:].flatten()
    if torch.is_grad_enabled():
        loss_sum, correct = _CrossEntropy.apply(hidden_ND, head_VD, targets_N)
    else:
        loss_sum, correct = _score(hidden_ND, head_VD.to(hidden_ND.dtype), targets_N)
    return Prediction(loss_sum, correct, len(targets_N))


def _score(hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
    loss_sum = torch.zeros((), device=hidden_ND.device)
    correct = torch.zeros((), device=hidden_ND.device, dtype=torch.int64)
    for start in range(0, len(hidden_ND), CHUNK):
        rows = slice(start, start + CHUNK)
        loss, right, _, _ = _chunk(hidden_ND[rows], head_VD, targets_N[rows])
        loss_sum += loss
        correct += right
    return loss_sum, correct


def _chunk(hidden_CD: Tensor, head_VD: Tensor, targets_C: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Summed loss, number right, exp(logits - row maximum) and its row sums, all float32."""
    logits_CV = (hidden_CD @ head_VD.T).float()
    top_C1, guess_C1 = logits_CV.max(dim=-1, keepdim=True)
    target_C1 = logits_CV.gather(1, targets_C.unsqueeze(1))
    powers_CV = logits_CV.sub_(top_C1).exp_()
    total_C1 = powers_CV.sum(dim=-1, keepdim=True)
    loss = (total_C1.log() + top_C1 - target_C1).sum()
    return loss, (guess_C1.squeeze(1) == targets_C).sum(), powers_CV, total_C1


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
        head = head_VD.to(hidden_ND.dtype)
        loss_sum = torch.zeros((), device=hidden_ND.device)
        correct = torch.zeros((), device=hidden_ND.device, dtype=torch.int64)
        grad_hidden_ND = torch.empty_like(hidden_ND)
        grad_head_VD = torch.zeros_like(head_VD)
        for start in range(0, len(hidden_ND), CHUNK):
            rows = slice(start, start + CHUNK)
            loss, right, powers_CV, total_C1 = _chunk(hidden_ND[rows], head, targets_N[rows])
            loss_sum += loss
            correct += right
            # d loss / d logits = softmax - one-hot
            grad_CV = powers_CV.div_(total_C1)
            grad_CV.scatter_add_(1, targets_N[rows].unsqueeze(1), grad_CV.new_full((len(grad_CV), 1), -1.0))
            grad_CV = grad_CV.to(head.dtype)
            torch.mm(grad_CV, head, out=grad_hidden_ND[rows])
            if head.dtype == grad_head_VD.dtype:
                grad_head_VD.addmm_(grad_CV.T, hidden_ND[rows])
            else:
                grad_head_VD += grad_CV.T @ hidden_ND[rows]
        ctx.save_for_backward(grad_hidden_ND, grad_head_VD)
        ctx.mark_non_differentiable(correct)
        return loss_sum, correct

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor, _: Tensor) -> tuple[Tensor, Tensor, None]:
        grad_hidden_ND, grad_head_VD = ctx.saved_tensors
        return grad_hidden_ND * grad_loss.to(grad_hidden_ND.dtype), grad_head_VD * grad_loss, None
