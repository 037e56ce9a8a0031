"""The forward and backward passes of a micro-batch, and the choice between the ways to carry them out (`training.compile`)."""

from typing import Protocol

import torch
from torch import Tensor

from engine.model.grouped import capability, kernel_for
from engine.model.loss import Judge, judge, predict
from engine.model.transformer import Transformer
from engine.spec.config import TrainingConfig


class Passes(Protocol):
    """A way to carry them out. `used` names it, and why it is not the one that was asked for; empty if none was."""

    used: str

    def run(self, tokens_BL: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """Add the gradients of sequences that are this share of their micro-batch.

        Returns their loss, summed over the tokens, and the number of tokens predicted right, on the device.
        """

    def forget(self) -> None:
        """Drop what was prepared for sequences of another number."""


class PlainPasses:
    """One operation after the other, as the model is written."""

    def __init__(self, model: Transformer, accumulation: int, judge: Judge = judge, used: str = "") -> None:
        self.model = model
        self.used = used
        self._accumulation = accumulation
        self._judge = judge

    def run(self, tokens_BL: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """Add the gradients."""
        output = self.model(tokens_BL)
        prediction = predict(output.hidden_BLD, self.model.head, tokens_BL, self._judge)
        loss = prediction.loss_sum / prediction.count + output.router_loss
        (loss * share / self._accumulation).backward()
        return prediction.loss_sum.detach(), prediction.correct

    def forget(self) -> None:
        """Nothing was prepared."""


def open_passes(config: TrainingConfig, model: Transformer, device: torch.device) -> Passes:
    """The way that the configuration asks for or, where it cannot be, the plain one with a line in the log."""
    if config.compile == "off":
        return PlainPasses(model, config.accumulation)
    if words := _impossible(config.compile, model, device):
        return instead(config, model, words)
    # Imported only here: the compiler takes a second.
    from engine.training.compiled import GraphPasses, RegionPasses

    kind = RegionPasses if config.compile == "regions" else GraphPasses
    return kind(model, config.accumulation, device)


def instead(config: TrainingConfig, model: Transformer, words: str) -> Passes:
    """The plain passes in the place of those that were asked for; the log says why."""
    print(f"warning: training.compile = {config.compile} is not used: {words}", flush=True)
    return PlainPasses(model, config.accumulation, used=f"off: {words}")


def _impossible(kind: str, model: Transformer, device: torch.device) -> str:
    """Why a way is none on this device; empty if nothing is known against it."""
    if kind == "graph" and device.type != "cuda":
        return "only a GPU captures graphs"
    if kernel_for(capability(device), model.compute) == "padded":
        return f"products of experts in {str(model.compute).removeprefix('torch.')} make the host wait on this GPU"
    return ""
