"""Runs that saw the same batches in the same order: a rise that they share with a run comes with the data, not with its setting."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.health.measured import Curve, Measured
from engine.health.noise import evaluation_noise, robust_sd
from engine.health.thresholds import Thresholds

WINDOW: Final = 25
"""Training losses that a spike is measured against."""
FEWEST: Final = 8
"""Fewer losses before a spike do not tell how much they scatter."""


@dataclass(frozen=True, slots=True)
class Peers:
    """What other runs have measured, and what these runs have in common, in words."""

    measured: tuple[Measured, ...] = ()
    name: str = "runs with the same data order"


@dataclass(frozen=True, slots=True)
class Shared:
    """How many of the peers that cover a rise have it too."""

    have: int
    of: int
    name: str

    @property
    def common(self) -> bool:
        """Whether more than half of the peers have the rise, so that it is no finding about one run."""
        return 2 * self.have > self.of

    @property
    def text(self) -> str:
        """`; also in 7 of 8 runs with the same data order`, or nothing."""
        return f"; also in {self.have} of {self.of} {self.name}" if self.have else ""


def shared(peers: Peers, key: str, start: int, end: int, thresholds: Thresholds) -> Shared:
    """How many peers rise from update `start` to update `end` in the loss `key`; those without losses there do not count."""
    answers = [_rises(measured, key, start, end, thresholds) for measured in peers.measured]
    known = [answer for answer in answers if answer is not None]
    return Shared(sum(known), len(known), peers.name)


def _rises(measured: Measured, key: str, start: int, end: int, thresholds: Thresholds) -> bool | None:
    losses = measured.curve(key).since(1)
    if not len(losses) or losses.updates[-1] < end:
        return None
    before, after = _place(losses, start), _place(losses, end)
    if before is None or after is None or before == after:
        return None
    if key == "train_loss":
        return _batch_stands_out(losses.values[: after + 1], thresholds)
    return _evaluations_rise(losses, before, after, thresholds)


def _place(losses: Curve, update: int) -> int | None:
    """The last point at or before an update."""
    return next((place for place in range(len(losses) - 1, -1, -1) if losses.updates[place] <= update), None)


def _batch_stands_out(losses: Sequence[float], thresholds: Thresholds) -> bool | None:
    *earlier, loss = losses[-WINDOW - 1 :]
    if len(earlier) < FEWEST:
        return None
    height = loss - statistics.median(earlier)
    return height > max(0.0, thresholds.peer_spike_sds * robust_sd(earlier))


def _evaluations_rise(losses: Curve, before: int, after: int, thresholds: Thresholds) -> bool:
    """Whether the losses go up at all, and end above where the trend before would have taken them."""
    values = losses.values
    sd = evaluation_noise(losses)
    length = min(after - before, before)
    slope = min((values[before] - values[before - length]) / length, 0.0) if length else 0.0
    excess = values[after] - values[before] - slope * (after - before)
    top = max(values[before + 1 : after + 1]) - values[before]
    # The excess is a difference of second order: its standard deviation is √6 times that of one evaluation.
    return top > thresholds.peer_rise_sds * sd and excess > thresholds.peer_excess_sds * 6**0.5 * sd
