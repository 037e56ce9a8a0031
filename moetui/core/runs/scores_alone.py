"""The rise of the validation loss after its best, from the final and the best score of a record that has no curve."""

import math
from collections.abc import Iterable
from typing import Final

from engine.health.setting import Setting
from engine.health.thresholds import DEFAULT
from engine.health.validation import Rise, graded_rise
from engine.runfiles.rundir import Finding
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.health import group_of_run, seed_noise

LEAST_SDS: Final = 2.0
"""Rise, in standard deviations of replicates, from which on it is a finding; a smaller one is told as a fact."""


def rise_of(record: RunRecord) -> Rise | None:
    """The rise, or None where one of the two losses is not known or no number."""
    if record.final is None or record.best is None:
        return None
    best, loss = record.best.val_loss, record.final.val_loss
    if best is None or loss is None or not math.isfinite(best) or not math.isfinite(loss):
        return None
    return Rise(best, record.best.update, loss, record.final.update or record.update)


def replicates(record: RunRecord, runs: Iterable[RunRecord]) -> list[RunRecord]:
    """The runs of the group of a record or, if it stands alone, other records without a curve that have the same settings."""
    every = list(runs)
    group = group_of_run(record, every)
    if seed_noise(group)[1] >= 2 or record.settings is None:
        return group
    return [
        run
        for run in every
        if not run.path
        and run.id != record.id
        and run.published == record.published
        and (run.settings, run.updates) == (record.settings, record.updates)
    ]


def judge_scores(record: RunRecord, runs: Iterable[RunRecord]) -> tuple[tuple[Finding, ...], str]:
    """The finding that the loss has risen, if it has by more than replicates scatter, or else a sentence on the rise."""
    rise = rise_of(record)
    if rise is None:
        return (), ""
    if rise.height <= 0:
        return (), f"the final validation loss {rise.loss:.4f} is the best one"
    noise, count = seed_noise(replicates(record, runs))
    name = "published validation loss" if record.published else "validation loss"
    found = graded_rise(rise, Setting(noise=noise, replicates=count), DEFAULT, name=name)
    if found is not None and noise and rise.height >= LEAST_SDS * noise:
        return (found,), ""
    fact = f"the final {name} {rise.loss:.4f} is {rise.height:.4f} above its best {rise.best:.4f}"
    if noise is None or not noise:
        return (), f"{fact}; there are no replicates that would tell how much of it is noise"
    return (), f"{fact}, {rise.height / noise:.1f} times the standard deviation {noise:.4f} of {count} replicates"
