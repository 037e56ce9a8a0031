"""Whether a run learns at all."""

import statistics

from engine.health.measured import Measured
from engine.health.setting import Setting
from engine.health.thresholds import Thresholds
from engine.runfiles.rundir import Finding

_LATEST_START = 0.1  # of what was measured: a curve that begins later does not show where the run began
_FEWEST_RECORDS, _FEWEST_EVALUATIONS = 10, 4


def flat(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """A loss that has hardly moved after the warm-up and `health.flat_after` of the run."""
    training, validation = measured.curve("train_loss"), measured.curve("val_loss")
    name, losses = ("training", training) if len(training) >= _FEWEST_RECORDS else ("validation", validation)
    if len(losses) < _FEWEST_EVALUATIONS:
        return None
    last = losses.updates[-1]
    if last < setting.warmup + setting.health.flat_after * (setting.updates or last):
        return None
    if losses.updates[0] > max(1, _LATEST_START * last):
        return None
    start = statistics.median(losses.values[:3])
    now = statistics.median(losses.values[-max(3, len(losses) // 10) :])
    if start <= 0 or abs(start - now) >= setting.health.flat_gain * start:
        return None
    return Finding(
        kind="flat",
        update=last,
        severity="warning",
        evidence=f"the {name} loss has gone from {start:.2f} to {now:.2f} in {last} updates",
        advice="raise optimizer.lr by a factor of 3 to 10, or shorten schedule.warmup",
    )
