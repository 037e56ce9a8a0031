"""What was measured of the updates since the last record, fetched from the device all at once."""

from dataclasses import dataclass

import torch

from engine.runfiles.metrics import Record
from engine.spec.config import RunConfig
from engine.training.clock import TrainingClock
from engine.training.update import UpdateScores


@dataclass(frozen=True, slots=True)
class Reading:
    """The record of the newest update, and the training loss of every update since the reading before."""

    record: Record
    losses: list[tuple[int, float]]


class Meter:
    """Collects the scores of updates and turns them into records."""

    def __init__(self, clock: TrainingClock, config: RunConfig, peak_flops: float | None) -> None:
        self._clock = clock
        self._tokens_per_update = config.tokens_per_update
        self._flops_per_token = config.model.flops_per_token(config.data.sequence_length)
        self._peak_flops = peak_flops
        self._grad_clip = config.optimizer.grad_clip
        self._pending: list[tuple[int, UpdateScores]] = []
        self._read_at = clock.seconds

    def add(self, update: int, scores: UpdateScores) -> None:
        """Keep the scores of an update, without waiting for them."""
        self._pending.append((update, scores))

    def read(self) -> Reading:
        """Wait for the pending scores and report them; at least one update must have been added."""
        rows = torch.stack([torch.stack((s.loss, s.accuracy, s.grad_norm)) for _, s in self._pending]).tolist()
        now = self._clock.seconds
        seconds = max(now - self._read_at, 1e-9)
        speed = len(self._pending) * self._tokens_per_update / seconds
        loss, accuracy, grad_norm = rows[-1]
        record: Record = {
            "train_loss": loss,
            "train_accuracy": accuracy,
            "grad_norm": grad_norm,
            "clipped": 0 < self._grad_clip < grad_norm,
            "tokens_per_second": speed,
            "data_wait": sum(s.data_seconds for _, s in self._pending) / seconds,
        }
        if self._peak_flops is not None:
            record["mfu"] = speed * self._flops_per_token / self._peak_flops
        losses = [(update, row[0]) for (update, _), row in zip(self._pending, rows, strict=True)]
        self._pending.clear()
        self._read_at = now
        return Reading(record, losses)
