"""Learning-rate schedules as pure functions of the optimizer update.

`lr_factor(schedule, update, updates)` gives the learning rate of update 1, 2, … as a fraction of the peak. The trainer, the
planned curves in the terminal and the schedule audit all call it, so what is drawn is what is trained with.

Every schedule warms up linearly first. Of `W` warm-up updates, update `u` runs at `start + (1 - start) * u / W` of the peak, so
that the first update already learns and update `W` is the first at the peak. The decay then covers the rest of the horizon and
reaches the floor exactly at the horizon's last update; a run that outlasts its horizon stays at the floor.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.config import ScheduleConfig


def horizon(schedule: "ScheduleConfig", updates: int) -> int:
    """Updates over which the schedule unfolds: its own horizon, or else the length of the run."""
    return schedule.horizon or updates


def warmup_updates(schedule: "ScheduleConfig", updates: int) -> int:
    """Number of warm-up updates; a fraction counts from the horizon and is rounded to the nearest update."""
    if schedule.warmup_updates is not None:
        return schedule.warmup_updates
    return round(schedule.warmup * horizon(schedule, updates))


def lr_factor(schedule: "ScheduleConfig", update: int, updates: int) -> float:
    """Learning rate at `update` (the first is 1) of a run of `updates`, as a fraction of the peak learning rate, in [0, 1]."""
    if update < 1:
        raise ValueError(f"updates count from 1, got {update}")
    warmup = warmup_updates(schedule, updates)
    if update < warmup:
        return schedule.warmup_start + (1.0 - schedule.warmup_start) * update / warmup
    first = max(warmup, 1)  # the first update at the peak
    last = horizon(schedule, updates)
    return _DECAYS[schedule.kind](schedule, min(update, max(last, first)) - first, last - first)


def lr_at(schedule: "ScheduleConfig", peak: float, update: int, updates: int) -> float:
    """Learning rate at `update` of a run of `updates` whose peak learning rate is `peak`."""
    return peak * lr_factor(schedule, update, updates)


def _constant(schedule: "ScheduleConfig", elapsed: int, span: int) -> float:
    return 1.0


def _cosine(schedule: "ScheduleConfig", elapsed: int, span: int) -> float:
    """Half a cosine from the peak to the floor (Loshchilov and Hutter, 2017, without restarts)."""
    progress = elapsed / span if span > 0 else 0.0
    return schedule.floor + (1.0 - schedule.floor) * 0.5 * (1.0 + math.cos(math.pi * progress))


def _linear(schedule: "ScheduleConfig", elapsed: int, span: int) -> float:
    progress = elapsed / span if span > 0 else 0.0
    return 1.0 - (1.0 - schedule.floor) * progress


def _step(schedule: "ScheduleConfig", elapsed: int, span: int) -> float:
    """The peak times `gamma` once per `every` updates after the warm-up, never below the floor."""
    drops: int = elapsed // schedule.step_every
    return max(schedule.floor, schedule.step_gamma**drops)


_DECAYS: dict[str, Callable[["ScheduleConfig", int, int], float]] = {
    "constant": _constant,
    "cosine": _cosine,
    "linear": _linear,
    "step": _step,
}
