"""How long planned runs will take, from the speed of earlier runs, or else from a rule of thumb that says so."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from moetui.core.plan import PlannedRun
from moetui.core.records import RunRecord

GUESS = {True: 20e12, False: 100e9}
"""Operations per second of training, on a GPU and on a CPU, before anything was measured here."""

RECENT = 20
"""Measured runs that the estimate looks back on."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of training for all runs, one after another; `measured` tells a measurement from a rule of thumb."""

    seconds: float
    measured: bool


def estimate(runs: Iterable[PlannedRun], records: Sequence[RunRecord], *, gpu: bool) -> Estimate:
    """Training time of the planned runs on one device; evaluation and start-up come on top."""
    rates = [rate for record in records if (rate := _rate(record, gpu=gpu)) is not None][:RECENT]
    speed = statistics.median(rates) if rates else GUESS[gpu]
    work = sum(6.0 * run.config.model.active_parameters * run.config.tokens for run in runs)
    return Estimate(work / speed, measured=bool(rates))


def _rate(record: RunRecord, *, gpu: bool) -> float | None:
    """Operations per second that a recorded run reached on the same kind of device."""
    if record.published or not record.tokens_per_second or not record.active_parameters:
        return None
    if (record.device != "cpu") != gpu:
        return None
    return 6.0 * record.active_parameters * record.tokens_per_second
