"""The head and its loss, forward and backward, as the engine has them and by liger-kernel where it is installed."""

import importlib
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.gpu.sheet import Sheet, apart, settings
from benchmarks.paired import middle, take_turns
from engine.model.loss import predict
from engine.model.regions import compiled_judge

Score = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Representations (B, L, D), the head (V, D) and tokens (B, L) to the summed loss."""
LIMITS = {torch.float32: 1e-4, torch.bfloat16: 2e-2}
"""How far apart, relatively, gradients may be."""
PLAIN = "plain"


def losses(sheet: Sheet) -> None:
    """Gradients of each way against those of the plain one, and the time of each, which the plain one controls."""
    _, batch, length = sheet.shape()
    model = settings(sheet.model_settings()).model
    draw = torch.Generator().manual_seed(3)
    hidden_BLD = torch.randn(batch, length, model.d_model, generator=draw)
    head_VD = 0.02 * torch.randn(model.vocab_size, model.d_model, generator=draw)
    tokens_BL = torch.randint(model.vocab_size, (batch, length), generator=draw).to(sheet.device.torch)
    leaves = (
        hidden_BLD.to(sheet.device.torch, sheet.device.compute).requires_grad_(),
        head_VD.to(sheet.device.torch).requires_grad_(),
    )
    turns, gradients = {}, {}
    for name, score in _scores(sheet).items():
        gradients[name] = torch.autograd.grad(score(*leaves, tokens_BL), leaves)
        turns[name] = _turn(sheet, score, leaves, tokens_BL)
    control = turns.pop(PLAIN)
    found = take_turns(turns, lambda: control()["all"], 3 if sheet.tiny else 10)
    for name in turns:
        gain = middle([1.0 / ratio for ratio in found.relative[name]["all"]])
        pairs = zip(gradients[name], gradients[PLAIN], strict=True)
        worst = max(apart(one.float(), other.float()) for one, other in pairs)
        words = f"{gain} times as fast as the plain loss; worst gradient {worst:.1e}"
        sheet.judge(name, words, right=worst < LIMITS[sheet.device.compute])


def _scores(sheet: Sheet) -> dict[str, Score]:
    judge = compiled_judge()
    scores: dict[str, Score] = {
        PLAIN: lambda hidden, head, tokens: predict(hidden, head, tokens).loss_sum,
        "compiled": lambda hidden, head, tokens: predict(hidden, head, tokens, judge).loss_sum,
    }
    try:
        liger = importlib.import_module("liger_kernel.transformers").LigerFusedLinearCrossEntropyLoss(reduction="sum")
    except (ImportError, AttributeError) as error:
        sheet.add("liger-kernel", f"{error}; install liger-kernel", "skipped")
        return scores

    def fused(hidden: Tensor, head: Tensor, tokens: Tensor) -> Tensor:
        loss: Tensor = liger(head.to(hidden.dtype), hidden[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
        return loss

    return scores | {"liger-kernel": fused}


def _turn(
    sheet: Sheet, score: Score, leaves: tuple[Tensor, Tensor], tokens_BL: Tensor
) -> Callable[[], dict[str, float]]:
    def run() -> dict[str, float]:
        sheet.device.synchronize()
        start = time.perf_counter()
        for _ in range(1 if sheet.tiny else 5):
            torch.autograd.grad(score(*leaves, tokens_BL), leaves)
        sheet.device.synchronize()
        return {"all": time.perf_counter() - start}

    return run
