"""Runs put together by anything they have in common: a preset, a study, a setting apart from its seed, any key."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from moetui.core.catalogue.records import LIVE, RunRecord
from moetui.core.query.fields import FACTS, Field
from moetui.core.science.groups import setting_name
from moetui.core.science.summary import variance

_STATES: Final = dict.fromkeys(LIVE, "live") | dict.fromkeys(("failed", "killed", "lost", "out-of-memory"), "failed")
_ORDER: Final = ("live", "queued", "failed", "stopped", "diverged", "missing")
"""What is told of a group: all but the runs that are through."""


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """The runs that have one value of a field, and what they tell together.

    `best`, `mean` and `sd` (of the sample) are those of the finite values of a measure, None without any. `progress` is the share
    of all updates that is done, from 0 to 1, where a run that has ended has no more to do. `states` counts those that are not
    through.
    """

    id: str
    title: str
    runs: tuple[RunRecord, ...]
    best: float | None
    mean: float | None
    sd: float | None
    progress: float
    states: tuple[tuple[str, int], ...]


def together(
    runs: Iterable[RunRecord], by: Field, measure: Field, missing: Callable[[str], int] = lambda study: 0
) -> tuple[Together, ...]:
    """Runs by their value of a field, in the order in which the values first occur; those without one come together as well.

    `missing` tells how many runs of a study were never queued.
    """
    found: dict[object, list[RunRecord]] = {}
    for run in runs:
        found.setdefault(by.read(run), []).append(run)
    return tuple(
        _told(by, value, some, measure, missing(str(value)) if by.key == "study" and value else 0)
        for value, some in found.items()
    )


def measure_of(key: str) -> Field:
    """What groups are judged by in a list sorted by `key`: that, if it has a better end, or else the validation loss."""
    fact = FACTS.get(key)
    return fact if fact is not None and fact.better else FACTS["val_loss"]


def _told(by: Field, value: object, runs: Sequence[RunRecord], measure: Field, missing: int) -> Together:
    known = [number for run in runs if isinstance(number := measure.read(run), int | float) and math.isfinite(number)]
    counts = Counter(_STATES.get(run.status, run.status) for run in runs) + Counter(missing=missing)
    done = sum(_done(run) for run in runs)
    return Together(
        id=f"{by.key}={value}",
        title=_title(by, value, runs),
        runs=tuple(runs),
        best=(max if measure.better == "high" else min)(known, default=None),
        mean=statistics.fmean(known) if known else None,
        sd=math.sqrt(variance(known)) if len(known) > 1 else None,
        progress=done / (len(runs) + missing),
        states=tuple((state, counts[state]) for state in _ORDER if counts[state]),
    )


def _done(run: RunRecord) -> float:
    if not run.pending:
        return 1.0
    return min(run.update / run.updates, 1.0) if run.updates else 0.0


def _title(by: Field, value: object, runs: Sequence[RunRecord]) -> str:
    if value is None:
        return f"no {by.title}"
    if by.key == "group":
        names = dict.fromkeys(map(setting_name, runs))
        return next(iter(names)) + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    written = by.write(runs[0])
    return written if by.kind == "text" else f"{by.title} {written}"
