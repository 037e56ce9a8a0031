"""What the validation loss tells: a rise after its best, and a gap to the training loss that opens."""

import statistics
from dataclasses import dataclass

from engine.health.measured import Measured
from engine.health.noise import evaluation_noise, running_median
from engine.health.peers import Shared, shared
from engine.health.setting import Setting
from engine.health.thresholds import Thresholds
from engine.runfiles.rundir import Finding

_FEWEST = 8
_AFTER = 3  # evaluations that make a rise


def inflection(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """A validation loss that has risen from its best, with the size in units of the noise."""
    losses = measured.curve("val_loss").since(1)  # an untrained model is nobody's best
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
    rise = Rise(values[best], losses.updates[best], values[-1], losses.updates[-1])
    sharing = shared(setting.peers, "val_loss", losses.updates[best], rise.update, thresholds)
    if (graded := graded_rise(rise, setting, thresholds, sharing=sharing)) is not None:
        return graded
    return _finding(rise, rise.height / own, f"the noise {own:.4f} of this run's evaluations", thresholds, sharing)


@dataclass(frozen=True, slots=True)
class Rise:
    """The best validation loss of a run and its last one, each with its update; that of the best may not be known."""

    best: float
    best_update: int | None
    loss: float
    update: int

    @property
    def height(self) -> float:
        """Rise from the best loss to the last one, in nats."""
        return self.loss - self.best


def graded_rise(
    rise: Rise,
    setting: Setting,
    thresholds: Thresholds,
    *,
    sharing: Shared | None = None,
    name: str = "validation loss",
) -> Finding | None:
    """The finding that a loss has risen, in units of the noise of replicates; None where there are none."""
    if not setting.noise or setting.replicates < 2:
        return None
    unit = f"the standard deviation {setting.noise:.4f} of {setting.replicates} replicates"
    return _finding(rise, rise.height / setting.noise, unit, thresholds, sharing, name)


def _finding(
    rise: Rise, size: float, unit: str, thresholds: Thresholds, sharing: Shared | None, name: str = "validation loss"
) -> Finding:
    common = sharing is not None and sharing.common
    sure = size >= thresholds.inflection_warning
    where = "" if rise.best_update is None else f" at update {rise.best_update}"
    return Finding(
        kind="inflection",
        update=rise.update if rise.best_update is None else rise.best_update,
        severity="warning" if sure and not common else "note",
        evidence=(
            f"the {name} is {rise.loss:.4f} at update {rise.update}, {rise.height:.4f} above its best "
            f"{rise.best:.4f}{where}: {size:.1f} times {unit}{sharing.text if sharing else ''}"
        ),
        advice=(
            "most of these runs have it, so it is no mark of this setting: compare runs with another seed"
            if common
            else "take the best checkpoint; try fewer updates, a lower schedule.floor or more data"
            if sure
            else "the next seed may not show it: compare several before changing anything"
        ),
    )


def overfitting(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """A validation loss that stays behind while the training loss goes on falling."""
    pairs = _pairs(measured)
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


def _pairs(measured: Measured) -> list[tuple[int, float, float]]:
    """Update, training loss then (median of the last five) and validation loss, of the evaluations past a third of the run.

    Earlier the training loss falls so fast that the records before an evaluation are above it.
    """
    training, validation = measured.curve("train_loss"), measured.curve("val_loss")
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
