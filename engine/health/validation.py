"""What the validation loss tells: a rise after its best, and a gap to the training loss that opens."""

import statistics
from collections.abc import Sequence

from engine.health.curves import Curve, curve
from engine.health.noise import noise, running_median
from engine.health.setting import Setting
from engine.health.thresholds import Thresholds
from engine.metrics import Record
from engine.rundir import Finding

_FEWEST = 8
_AFTER = 3  # evaluations that make a rise
_FINEST = 1e-4  # relative: curves are recorded with four decimals, and a smoother one must not look infinitely sure


def inflection(records: Sequence[Record], setting: Setting, thresholds: Thresholds) -> Finding | None:
    """A validation loss that has risen from its best, with the size in units of the noise."""
    losses = curve(records, "val_loss").since(1)  # an untrained model is nobody's best
    if len(losses) < _FEWEST:
        return None
    values = losses.values
    best = min(range(len(values)), key=values.__getitem__)
    if len(values) - 1 - best < _AFTER:
        return None
    # The best of many evaluations is low by luck, so medians of three decide whether there is a rise.
    smooth_rise = statistics.median(values[-3:]) - statistics.median(values[max(0, best - 1) : best + 2])
    own = evaluation_noise(losses)
    if smooth_rise < thresholds.inflection_sds * own:
        return None
    rise = values[-1] - values[best]
    if setting.noise and setting.replicates >= 2:
        size = rise / setting.noise
        unit = f"the standard deviation {setting.noise:.4f} of {setting.replicates} replicates"
    else:
        size, unit = rise / own, f"the noise {own:.4f} of this run's evaluations"
    sure = size >= thresholds.inflection_warning
    return Finding(
        kind="inflection",
        update=losses.updates[best],
        severity="warning" if sure else "note",
        evidence=(
            f"the validation loss is {values[-1]:.4f} at update {losses.updates[-1]}, {rise:.4f} above its best "
            f"{values[best]:.4f} at update {losses.updates[best]}: {size:.1f} times {unit}"
        ),
        advice=(
            "take the best checkpoint; try fewer updates, a lower schedule.floor or more data"
            if sure
            else "the next seed may not show it: compare several before changing anything"
        ),
    )


def evaluation_noise(losses: Curve) -> float:
    """Standard deviation of one evaluation about the trend, over the later half of the run, in nats."""
    values = losses.last(max(10, len(losses) // 2)).values
    return max(noise(values), _FINEST * abs(statistics.median(values)), 1e-12)


def overfitting(records: Sequence[Record], setting: Setting, thresholds: Thresholds) -> Finding | None:
    """A validation loss that stays behind while the training loss goes on falling."""
    pairs = _pairs(records)
    if len(pairs) < _FEWEST:
        return None
    gaps = running_median([validation - training for _, training, validation in pairs], 1)
    narrow = min(range(len(gaps)), key=gaps.__getitem__)
    now = statistics.median(gaps[-3:])
    update, _, validation = pairs[-1]
    growth = now - gaps[narrow]
    if growth < thresholds.gap_growth * abs(validation) or pairs[-1][1] >= pairs[narrow][1]:
        return None
    return Finding(
        kind="overfitting",
        update=pairs[narrow][0],
        severity="warning" if validation >= pairs[narrow][2] else "note",
        evidence=(
            f"since update {pairs[narrow][0]} validation loss less training loss has grown by {growth:.2f} "
            f"to {now:.2f} at update {update}, the training loss falling"
        ),
        advice="use more documents or fewer updates; raise model.dropout or optimizer.decay_matrices",
    )


def _pairs(records: Sequence[Record]) -> list[tuple[int, float, float]]:
    """Update, training loss then (median of the last five) and validation loss, of the evaluations past a third of the run.

    Earlier the training loss falls so fast that the records before an evaluation are above it.
    """
    training, validation = curve(records, "train_loss"), curve(records, "val_loss")
    if not len(validation):
        return []
    pairs = []
    place = 0
    for update, loss in zip(validation.updates, validation.values, strict=True):
        while place < len(training) and training.updates[place] <= update:
            place += 1
        if place and 3 * update >= validation.updates[-1]:
            pairs.append((update, statistics.median(training.values[max(0, place - 5) : place]), loss))
    return pairs
