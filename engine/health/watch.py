"""Noticing that a run has come apart."""

import math
from collections.abc import Sequence

from engine.runfiles.rundir import Finding
from engine.spec.config import HealthConfig

ADVICE = "lower optimizer.lr, lengthen schedule.warmup, or check optimizer.grad_clip"


class DivergenceWatch:
    """Looks at the training loss of every update."""

    def __init__(self, config: HealthConfig, guessing: float) -> None:
        """`guessing`: the loss of a model that knows nothing, ln(vocabulary), in nats."""
        self._limit = config.divergence_factor * guessing
        self._patience = config.divergence_patience
        self.streak = 0  # updates in a row above the limit; part of a checkpoint

    def never(self, losses: Sequence[float]) -> bool:
        """Whether none of these finite losses is above the limit."""
        return max(losses) <= self._limit

    def look(self, update: int, loss: float) -> Finding | None:
        """What is wrong with `loss` at `update`, or None."""
        if not math.isfinite(loss):
            evidence = f"the training loss is {loss} at update {update}"
            return Finding(kind="non-finite", update=update, severity="error", evidence=evidence, advice=ADVICE)
        self.streak = self.streak + 1 if loss > self._limit else 0
        if self.streak < self._patience:
            return None
        evidence = f"the training loss was above {self._limit:.2f} for {self.streak} updates and is {loss:.2f} at update {update}"
        return Finding(kind="divergence", update=update, severity="error", evidence=evidence, advice=ADVICE)
