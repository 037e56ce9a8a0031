"""Losses that swing to and fro."""

import statistics
from collections.abc import Sequence

from engine.health.measured import Curve, Measured
from engine.health.setting import Setting
from engine.health.thresholds import Thresholds
from engine.runfiles.rundir import Finding

_RECENT = 256  # losses looked through for an oscillation
_LEAST_POINTS = 48
_LONGEST_HALF_PERIOD = 8


def oscillation(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """A loss that swings with a period of 2 to 16 records or evaluations."""
    for key, name in (("train_loss", "training loss"), ("val_loss", "validation loss")):
        losses = measured.curve(key).last(_RECENT)
        found = _period(losses, thresholds)
        if found is None:
            continue
        period, swing = found
        updates = round(period * (losses.updates[-1] - losses.updates[0]) / (len(losses) - 1))
        evidence = (
            f"the {name} swings with a period of {updates} updates, by {100 * swing:.1f} % of its level to either side"
        )
        return Finding(
            kind="oscillation",
            update=losses.updates[-1],
            severity="warning",
            evidence=evidence,
            advice="check optimizer.grad_clip; lower optimizer.lr or optimizer.momentum",
        )
    return None


def _period(losses: Curve, thresholds: Thresholds) -> tuple[int, float] | None:
    """Period, in points, and relative amplitude of an oscillation, if there is one."""
    if len(losses) < _LEAST_POINTS:
        return None
    longest = min(_LONGEST_HALF_PERIOD, len(losses) // 8)
    rest = _detrended(losses.values, 2 * longest)
    level = statistics.fmean(losses.values)
    swing = statistics.pstdev(rest) / level if level > 0 else 0.0
    if swing < thresholds.oscillation_swing:
        return None
    for half in range(1, longest + 1):
        trough, crest = _autocorrelation(rest, half), _autocorrelation(rest, 2 * half)
        if trough <= -thresholds.oscillation_correlation and crest >= thresholds.oscillation_correlation:
            return 2 * half, 2**0.5 * swing  # a sine has √2 times its standard deviation as amplitude
    return None


def _detrended(values: Sequence[float], half_window: int) -> list[float]:
    """The values less their moving average, where the window is whole."""
    width = 2 * half_window + 1
    return [
        values[place] - statistics.fmean(values[place - half_window : place - half_window + width])
        for place in range(half_window, len(values) - half_window)
    ]


def _autocorrelation(values: Sequence[float], lag: int) -> float:
    """Sample autocorrelation (Box & Jenkins, 1970)."""
    mean = statistics.fmean(values)
    rest = [value - mean for value in values]
    total = sum(value * value for value in rest)
    return sum(a * b for a, b in zip(rest, rest[lag:], strict=False)) / total if total else 0.0
