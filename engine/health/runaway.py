"""Losses that are no longer numbers, and runs that have come apart."""

import math
import statistics
from collections.abc import Sequence

from engine.health.measured import Measured
from engine.health.noise import noise
from engine.health.setting import Setting
from engine.health.thresholds import Thresholds
from engine.health.watch import ADVICE, DivergenceWatch
from engine.runfiles.rundir import Finding

_LEAST_POINTS = 20
_LEAST_GAIN = 0.1  # of the first loss: a run that gained less is measured against this


def non_finite(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """A loss or gradient norm that is NaN or infinite."""
    for key, name in (
        ("train_loss", "training loss"),
        ("val_loss", "validation loss"),
        ("grad_norm", "gradient norm"),
    ):
        curve = measured.with_non_finite(key)
        if all(map(math.isfinite, curve.values)):
            continue
        for update, value in zip(curve.updates, curve.values, strict=True):
            if not math.isfinite(value):
                evidence = f"the {name} is {value} at update {update}"
                return Finding(kind="non-finite", update=update, severity="error", evidence=evidence, advice=ADVICE)
    return None


def divergence(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """A training loss that stays above that of guessing, or one that has lost much of what it had gained."""
    training = measured.curve("train_loss")
    losses = training if len(training) else measured.curve("val_loss")
    if not len(losses):
        return None
    # Guessing costs ln(vocabulary); where that is not known, an untrained model tells it.
    watch = DivergenceWatch(setting.health, math.log(setting.vocab_size) if setting.vocab_size else losses.values[0])
    points = () if watch.never(losses.values) else zip(losses.updates, losses.values, strict=True)
    for update, loss in points:
        if (finding := watch.look(update, loss)) is not None:
            return finding
    return _relapse(losses.updates, losses.values, thresholds)


def _relapse(updates: Sequence[int], values: Sequence[float], thresholds: Thresholds) -> Finding | None:
    if len(values) < _LEAST_POINTS:
        return None
    width = max(5, len(values) // 20)
    blocks = [(statistics.median(values[at : at + width]), at) for at in range(0, len(values) - width + 1, width)]
    low, at = min(blocks)
    start, end = statistics.median(values[:5]), statistics.median(values[-width:])
    gained = max(start - low, _LEAST_GAIN * abs(start))
    rise = end - low
    if rise <= thresholds.relapse * gained or rise <= 6 * noise(values):
        return None
    update = updates[at + width // 2]
    evidence = f"the loss was {low:.2f} around update {update} and has come back up to {end:.2f}"
    return Finding(kind="divergence", update=update, severity="error", evidence=evidence, advice=ADVICE)
