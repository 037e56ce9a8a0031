"""How long planned runs will take, from the speed of earlier runs, or else from a rule of thumb that says so."""

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from moetui.core.plan import PlannedRun
from moetui.core.records import RunRecord

GUESS = {True: 20e12, False: 50e9}
"""Operations per second of training, on a GPU and on a CPU, before anything was measured here."""

RECENT = 20
"""Measured runs that the estimate looks back on."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of training for all runs, one after another; `measured` tells a measurement from a rule of thumb."""

    seconds: float
    measured: bool

    @property
    def device_hours(self) -> float:
        """The same in hours of one device."""
        return self.seconds / 3600


@dataclass(frozen=True, slots=True)
class Pace:
    """Operations per second of training that were measured here, by the active parameters of the model.

    A small model reaches fewer operations per second than a large one, so a run is taken to be as fast as those nearest in size.
    """

    speeds: Mapping[int, float]
    gpu: bool

    def seconds(self, run: PlannedRun) -> float:
        """Training time of one run on one device; evaluation and start-up come on top."""
        active = run.config.model.active_parameters
        nearest = min(self.speeds, key=lambda size: abs(math.log(size / active)), default=None)
        speed = GUESS[self.gpu] if nearest is None else self.speeds[nearest]
        return 6.0 * active * run.config.tokens / speed


def pace(records: Iterable[RunRecord], *, gpu: bool) -> Pace:
    """The speeds of earlier runs on the same kind of device, the medians of the newest."""
    rates: dict[int, list[float]] = {}
    for record in records:
        if record.active_parameters and (rate := _rate(record, gpu=gpu)) is not None:
            rates.setdefault(record.active_parameters, []).append(rate)
    return Pace({size: statistics.median(measured[:RECENT]) for size, measured in rates.items()}, gpu)


def estimate(runs: Iterable[PlannedRun], records: Iterable[RunRecord], *, gpu: bool) -> Estimate:
    """Training time of the planned runs on one device, one after another."""
    known = pace(records, gpu=gpu)
    return Estimate(sum(map(known.seconds, runs)), measured=bool(known.speeds))


def _rate(record: RunRecord, *, gpu: bool) -> float | None:
    """Operations per second that a run of this machine reached on the same kind of device; others tell nothing of it."""
    if not record.path or record.backend != "local" or not record.tokens_per_second or not record.active_parameters:
        return None
    if (record.device != "cpu") != gpu:
        return None
    return 6.0 * record.active_parameters * record.tokens_per_second
