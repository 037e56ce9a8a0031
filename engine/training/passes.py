"""The forward and backward passes of a micro-batch, as the model is written."""

from typing import Protocol

from torch import Tensor

from engine.model.loss import Judge, judge, predict
from engine.model.transformer import Transformer


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
