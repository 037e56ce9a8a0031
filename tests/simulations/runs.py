"""Simulated values as the laboratory would have them: groups for a comparison, records for a response."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.science.evidence import Evidence
from moetui.core.science.groups import Group, Sample
from tests.core.science.records import record
from tests.simulations.truths import Numbers

HOURS = 3600.0
BATCH = 100 * HOURS
"""Time from one batch of seeds to the next; each batch is queued after the one before has ended."""


@lru_cache(maxsize=1 << 15)
def _run(setting: str, seed: int, batch: int, lr: float | None = None, updates: int = 100) -> RunRecord:
    created = 1.0 + batch * BATCH
    ended = created + 10 * HOURS
    return record(LARGE, setting=setting, seed=seed, created=created, ended=ended, lr=lr, updates=updates)


LARGE = 1e3
"""Loss of a record whose value stands elsewhere."""


def groups(values: Numbers, batches: Sequence[int] = ()) -> list[Group]:
    """A group for each row; columns are seeds and NaN is no run. `batches` are the numbers of seeds at which somebody looked.

    Without batches all runs were queued at once.
    """
    found = []
    for i, row in enumerate(values):
        there = np.flatnonzero(np.isfinite(row))
        samples = [
            Sample(_run(f"s{i:02}", int(seed), _batch(place, batches)), float(row[seed]))
            for place, seed in enumerate(there)
        ]
        found.append(Group(f"s{i:02}", f"s{i:02}", tuple(samples)))
    return found


def _batch(place: int, batches: Sequence[int]) -> int:
    return sum(place >= most for most in batches[:-1])


def sweep(lrs: Numbers, values: Numbers, *, updates: int = 100, lost: bool = False) -> list[Evidence]:
    """Runs at the learning rates (rows) with seeds (columns), all queued at once. NaN is a run that diverged or is `lost`."""
    found = []
    for lr, row in zip(lrs.tolist(), values.tolist(), strict=True):
        for seed, value in enumerate(row):
            if lost and not np.isfinite(value):
                continue
            run = _run(f"{updates} updates, lr {lr:g}", seed, 0, None, updates)
            changed: dict[str, object] = {"lr": lr}
            if np.isfinite(value):
                changed["final"] = changed["best"] = Scores.model_construct(val_loss=value, update=updates)
            else:
                changed |= {"status": "diverged", "final": None, "best": None}
            found.append(Evidence(run.model_copy(update=changed)))
    return found
