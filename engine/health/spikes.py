"""Losses that jump: those of single batches in training, and those of the evaluations."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.health.measured import Measured
from engine.health.noise import evaluation_noise, robust_sd
from engine.health.peers import FEWEST, WINDOW, Shared, shared
from engine.health.setting import Setting
from engine.health.thresholds import Thresholds
from engine.runfiles.rundir import Finding

_LONGEST = 3  # evaluations over which a jump may rise
_ALIKE = 3  # times the usual step of a rise, from which on a step is a jump within it
_ADVICE = "lower optimizer.lr, lengthen schedule.warmup, or lower optimizer.grad_clip"
_ADVICE_COMMON = "most of these runs have it, so it is no mark of this setting: look at the documents of these updates"


@dataclass(frozen=True, slots=True)
class Spike:
    """A loss at `update` far above the usual one, which was last seen at `start`."""

    key: str
    start: int
    update: int
    loss: float
    usual: float

    @property
    def height(self) -> float:
        """Rise above the usual loss, in nats."""
        return self.loss - self.usual


def spike(measured: Measured, setting: Setting, thresholds: Thresholds) -> Finding | None:
    """Training losses far above the ones before them, and validation losses that jump from one evaluation to the next."""
    found = [*training_spikes(measured, thresholds), *validation_jumps(measured, thresholds)]
    if not found:
        return None
    sharing = {one: shared(setting.peers, one.key, one.start, one.update, thresholds) for one in found}
    own = [one for one in found if not sharing[one].common]
    told = own or found
    highest = max(told, key=lambda one: one.height)
    count = max(sum(one.key == key for one in own) for key in ("train_loss", "val_loss"))
    parts = [_training(told, sharing), _validation(told, sharing)]
    return Finding(
        kind="spike",
        update=highest.update,
        severity="warning" if count >= thresholds.spikes_many else "note",
        evidence="; ".join(part for part in parts if part),
        advice=_ADVICE if own else _ADVICE_COMMON,
    )


def training_spikes(measured: Measured, thresholds: Thresholds) -> list[Spike]:
    """The training losses that stand out above the 25 before them."""
    losses = measured.curve("train_loss")
    found: list[Spike] = []
    last = -WINDOW
    for place in _high(losses.values, thresholds.spike_rise):
        before, loss = losses.values[max(0, place - WINDOW) : place], losses.values[place]
        usual = statistics.median(before)
        height = loss - usual
        if height <= thresholds.spike_rise * abs(usual) or height <= thresholds.spike_sds * robust_sd(before):
            continue
        one = Spike("train_loss", losses.updates[place - 1], losses.updates[place], loss, usual)
        if place - last > FEWEST:  # else it is the flank of the same spike
            found.append(one)
        elif height > found[-1].height:
            found[-1] = one
        last = place
    return found


def _high(values: Sequence[float], rise: float) -> Iterator[int]:
    """The few of a million losses that may stand out by `rise`, as a fraction: without the median before each of them.

    The 25 losses before any of a block are among 50, so their median is no lower than the thirteenth of these, sorted.
    """
    yield from range(FEWEST, min(WINDOW, len(values)))
    for start in range(WINDOW, len(values), WINDOW):
        block = values[start : start + WINDOW]
        lowest = sorted(values[start - WINDOW : start + WINDOW])[WINDOW // 2]
        limit = lowest + rise * abs(lowest)
        if max(block) > limit:
            yield from (start + place for place, value in enumerate(block) if value > limit)


def validation_jumps(measured: Measured, thresholds: Thresholds) -> list[Spike]:
    """The evaluations that are above the one before by far more than their noise.

    A loss that is above the line between its neighbours counts as well, as a fall hides part of a jump; it must have risen in
    any case, since a fall that becomes steeper bends the curve in the same way.
    """
    losses = measured.curve("val_loss").since(1)
    if len(losses) < FEWEST:
        return []
    limit = thresholds.jump_sds * evaluation_noise(losses)
    # Differences of independent errors: √2 for two evaluations, √1.5 for one less the mean of two.
    step_limit, bump_limit = (max(thresholds.jump_nats, limit * factor) for factor in (2**0.5, 1.5**0.5))
    found: list[Spike] = []
    values = losses.values
    last = -1
    for place in range(1, len(values)):
        step = values[place] - values[place - 1]
        after = values[place + 1] if place + 1 < len(values) else values[place]
        bump = values[place] - (values[place - 1] + after) / 2
        if step <= 0 or (step <= step_limit and bump <= bump_limit) or _goes_on(values, place):
            continue
        foot = place - 1
        while foot > max(0, place - _LONGEST) and values[foot - 1] < values[foot]:
            foot -= 1
        one = Spike("val_loss", losses.updates[foot], losses.updates[place], values[place], values[foot])
        if last >= 0 and place - last == 1:  # the same jump, one evaluation further
            before = found.pop()
            one = replace(one, start=before.start, usual=before.usual)
        found.append(one)
        last = place
    return found


def _goes_on(values: Sequence[float], place: int) -> bool:
    """Whether a step is one of many alike, so that the loss rises steadily: that is an inflection and no jump."""
    first, end = place - 1, place
    while first > 0 and values[first - 1] < values[first]:
        first -= 1
    while end + 1 < len(values) and values[end + 1] > values[end]:
        end += 1
    steps = [after - before for before, after in pairwise(values[first : end + 1])]
    return len(steps) > _LONGEST and values[place] - values[place - 1] < _ALIKE * statistics.median(steps)


def _training(spikes: Sequence[Spike], sharing: dict[Spike, Shared]) -> str:
    found = [one for one in spikes if one.key == "train_loss"]
    if not found:
        return ""
    highest = max(found, key=lambda one: one.height)
    count = "a spike" if len(found) == 1 else f"{len(found)} spikes, the highest"
    return (
        f"{count} of the training loss at update {highest.update}: {highest.loss:.2f} after {highest.usual:.2f}"
        f"{sharing[highest].text}"
    )


def _validation(spikes: Sequence[Spike], sharing: dict[Spike, Shared]) -> str:
    found = [one for one in spikes if one.key == "val_loss"]
    if not found:
        return ""
    highest = max(found, key=lambda one: one.height)
    count = (
        "a jump of the validation loss"
        if len(found) == 1
        else f"{len(found)} jumps of the validation loss, the largest"
    )
    return (
        f"{count} by {highest.height:.3f} nats up to update {highest.update}: "
        f"{highest.loss:.3f} after {highest.usual:.3f} at update {highest.start}{sharing[highest].text}"
    )
