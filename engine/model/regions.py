"""Compiling the blocks of a model and the judgement of its logits (`training.compile`).

Imported only where that is asked for: torch's compiler takes a second to import. Products of groups stay what they are, as
operators that the compiler does not look into. Chance is drawn as without the compiler, so that both learn from the same noise.
"""

from typing import Any

import torch
import torch._dynamo
import torch._inductor.config
from torch import Tensor

from engine.model.grouped import Groups, grouped_matmul, weight_gradient
from engine.model.loss import Judge
from engine.model.transformer import Transformer


@torch.library.custom_op("moetui::grouped_product", mutates_args=())
def grouped_product(x_SI: Tensor, weight_EIO: Tensor, ends_E: Tensor) -> Tensor:
    """`grouped_matmul`, not looked into."""
    return grouped_matmul(x_SI, weight_EIO, Groups(ends_E, len(x_SI))).contiguous()


@torch.library.custom_op("moetui::grouped_gradients", mutates_args=())
def grouped_gradients(grad_SO: Tensor, x_SI: Tensor, weight_EIO: Tensor, ends_E: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of rows and matrices of `grouped_product`."""
    grad_SO = grad_SO.contiguous()
    grad_SI = grouped_matmul(grad_SO, weight_EIO.mT, Groups(ends_E, len(x_SI)))
    return grad_SI.contiguous(), weight_gradient(x_SI, grad_SO, ends_E).contiguous()


@grouped_product.register_fake
def _shape_of_product(x_SI: Tensor, weight_EIO: Tensor, ends_E: Tensor) -> Tensor:
    return x_SI.new_empty(x_SI.shape[0], weight_EIO.shape[2])


@grouped_gradients.register_fake
def _shapes_of_gradients(grad_SO: Tensor, x_SI: Tensor, weight_EIO: Tensor, ends_E: Tensor) -> tuple[Tensor, Tensor]:
    return x_SI.new_empty(x_SI.shape), weight_EIO.new_empty(weight_EIO.shape)


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, grad_SO: Tensor) -> tuple[Tensor, Tensor, None]:
    grad_SI, grad_EIO = grouped_gradients(grad_SO, *ctx.saved_tensors)
    return grad_SI, grad_EIO, None


grouped_product.register_autograd(_backward, setup_context=_keep)


class CompiledBlocks:
    """Inside `with` the blocks of a model run compiled, for each shape of tokens that they meet; outside as they are written."""

    def __init__(self, model: Transformer) -> None:
        torch._inductor.config.fallback_random = True
        torch._inductor.config.compile_threads = 1  # in this process: others would hold what belongs to the run
        self._blocks = list(model.blocks)
        self._forwards = [torch.compile(block.forward, dynamic=False, fullgraph=True) for block in self._blocks]

    def __enter__(self) -> None:
        for block, forward in zip(self._blocks, self._forwards, strict=True):
            block.forward = forward

    def __exit__(self, *_: object) -> None:
        for block in self._blocks:
            del block.forward


def compiled_judge() -> Judge:
    """`engine.model.loss.judge` in one pass over a chunk of logits, compiled when it is first used with one of a shape."""
    judge: Judge = torch.compile(_judge, dynamic=False, fullgraph=True)
    return judge


def _judge(logits_CV: Tensor, targets_C: Tensor, loss_C: Tensor, right_C: Tensor) -> None:
    exact_CV = logits_CV.float()
    targets_C1 = targets_C.unsqueeze(1)
    top_C1, guess_C1 = exact_CV.max(dim=-1, keepdim=True)
    target_C1 = exact_CV.gather(1, targets_C1)
    powers_CV = (exact_CV - top_C1).exp()
    total_C1 = powers_CV.sum(dim=-1, keepdim=True)
    loss_C.copy_((total_C1.log() + top_C1 - target_C1).squeeze(1))
    right_C.copy_(guess_C1.squeeze(1) == targets_C)
    hit_CV = torch.arange(logits_CV.shape[1], device=logits_CV.device) == targets_C1
    logits_CV.copy_(powers_CV / total_C1 - hit_CV.float())
