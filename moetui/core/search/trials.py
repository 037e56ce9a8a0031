"""The trials of a search as its runs tell them; there is no other record of them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.health.measured import Measured
from engine.runfiles.history import History
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.core.science.groups import sample
from moetui.core.science.measure import LOSS
from moetui.core.search.plan import SearchPlan

State = Literal["pending", "finished", "diverged", "pruned", "broken off"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting and its runs, one for each seed. `number` counts from 1 in the order of the trials."""

    number: int
    runs: tuple[RunRecord, ...]

    @property
    def group(self) -> str:
        """The identity of the setting."""
        return self.runs[0].group

    @property
    def point(self) -> Mapping[str, Any]:
        """The values of the keys that the search varies."""
        return self.runs[0].point

    @property
    def state(self) -> State:
        """How it stands; a divergence of any run is one of the trial."""
        if any(run.pending for run in self.runs):
            return "pending"
        samples = [sample(run, LOSS) for run in self.runs]
        if any(one.diverged for one in samples):
            return "diverged"
        if any(one.value is not None for one in samples) and all(run.status == "finished" for run in self.runs):
            return "finished"
        return "pruned" if any(run.pruned for run in self.runs) else "broken off"

    @property
    def value(self) -> float | None:
        """The mean of the final validation loss over the seeds, infinity if a run diverged, None if it has no result."""
        if self.state == "diverged":
            return math.inf
        values = [value for run in self.runs if (value := sample(run, LOSS).value) is not None]
        return sum(values) / len(values) if self.state == "finished" else None


def trials(plan: SearchPlan, study: str, records: Iterable[RunRecord]) -> tuple[Trial, ...]:
    """The trials of a search, oldest first. Runs of its study that it could not have drawn belong to no trial."""
    groups: dict[str, list[RunRecord]] = {}
    for run in sorted(records, key=lambda run: run.created):
        if run.study == study and not run.published and not run.parent and plan.holds(run.point):
            groups.setdefault(run.group, []).append(run)
    return tuple(Trial(number, tuple(runs)) for number, runs in enumerate(groups.values(), start=1))


class Evaluations:
    """The validation losses of a trial before its last update, read as they come."""

    def __init__(self, lab: Lab, trial: Trial) -> None:
        self._updates = trial.runs[0].updates
        self._histories = [History(lab.run_dir(run).metrics_file) for run in trial.runs]

    def losses(self) -> list[float]:
        """The mean over the seeds at each evaluation that all of them have behind them."""
        columns = []
        for history in self._histories:
            history.refresh()
            losses = Measured(history.records).with_non_finite("val_loss")
            columns.append([v for u, v in zip(losses.updates, losses.values, strict=True) if 0 < u < self._updates])
        return [sum(row) / len(row) for row in zip(*columns, strict=False)]
