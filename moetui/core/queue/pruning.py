"""Early pruning in studies: which runs need not go on, because the setting that they repeat has fallen behind.

The rule is the median stopping of Golovin et al. 2017 on settings instead of runs (docs/methods.md). A setting keeps its first
seeds, which its verdict rests on; only runs beyond them may be stopped, so a setting never loses its value to the rule.
"""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from engine.health.measured import Measured
from engine.runfiles.history import History
from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import PlannedRun
from moetui.core.runs.lab import Lab

KEPT: Final = 2
"""Seeds of a setting that are never pruned unless the user says otherwise: the fewest that a verdict takes."""
SETTINGS: Final = 3
"""So many other settings must have come as far before there is a median to be worse than."""
BEGIN: Final = 0.25
"""Share of the updates before which nothing is pruned: until then warm-ups are compared rather than settings."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The validation losses of one run by update; a run that diverged has an infinite loss from then on."""

    group: str
    losses: Mapping[int, float]
    diverged: bool = False

    def at(self, update: int) -> float | None:
        """The loss at an update; None if it is not known."""
        return self.losses.get(update, math.inf if self.diverged else None)


def seed_by_seed(planned: Iterable[PlannedRun], kept: int = KEPT) -> list[PlannedRun]:
    """Runs in the order of their seeds, so that settings can be compared early; those beyond the first `kept` may be pruned."""
    before: dict[str, int] = {}
    ordered = []
    for run in sorted(planned, key=lambda run: run.config.seed):
        place = before[run.group] = before.get(run.group, 0) + 1
        ordered.append(replace(run, prunable=place > kept))
    return ordered


def behind(group: str, update: int, curves: Iterable[Curve]) -> str:
    """Why a setting is not worth more runs: its mean at an update is worse than the median of the others' means. Empty if it is."""
    losses: dict[str, list[float]] = {}
    for curve in curves:
        if (loss := curve.at(update)) is not None:
            losses.setdefault(curve.group, []).append(loss)
    means = {key: sum(values) / len(values) for key, values in losses.items()}
    own = means.pop(group, None)
    if own is None or len(means) < SETTINGS:
        return ""
    middle = statistics.median(means.values())
    if not own > middle:
        return ""
    return f"pruned at update {update}: validation loss {own:.4f} of its setting, median {middle:.4f} of {len(means)} others"


class Pruner:
    """Looks at the runs of a workspace again and again, and finds those to prune. It decides by what is on the disk alone."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._prunable: dict[tuple[str, float | None], bool] = {}  # by run and session, as a resumed run is spared
        self._histories: dict[str, History] = {}
        self._losses: dict[str, dict[int, float]] = {}
        self._judged: dict[str, int] = {}

    def find(self, runs: Sequence[RunRecord]) -> Iterator[tuple[RunRecord, str]]:
        """The running runs that need not go on, each with the reason. Each evaluation of a run is judged once."""
        for run in runs:
            if run.status != "running" or not run.study or not self._may(run):
                continue
            update = max(self._curve(run).losses, default=0)
            if not max(BEGIN * run.updates, self._judged.get(run.id, 0) + 1) <= update < run.updates:
                continue
            self._judged[run.id] = update
            if reason := behind(run.group, update, [self._curve(peer) for peer in runs if _peers(run, peer)]):
                yield run, reason

    def _may(self, run: RunRecord) -> bool:
        session = run.id, run.started
        if session not in self._prunable:
            try:
                self._prunable[session] = self._lab.run_dir(run).config().prunable
            except (OSError, DamagedFile):
                return False
        return self._prunable[session]

    def _curve(self, run: RunRecord) -> Curve:
        if run.id not in self._histories:
            self._histories[run.id] = History(self._lab.run_dir(run).metrics_file)
        history = self._histories[run.id]
        if history.refresh() or run.id not in self._losses:
            curve = Measured(history.records).with_non_finite("val_loss")
            self._losses[run.id] = dict(zip(curve.updates, curve.values, strict=True))
        return Curve(run.group, self._losses[run.id], run.status == "diverged")


def _peers(run: RunRecord, other: RunRecord) -> bool:
    """Whether two runs can be compared update by update: of one study and size, equally long, with equal batches."""
    return (
        bool(other.path)
        and other.study == run.study
        and (other.updates, other.tokens_per_update, other.parameters)
        == (run.updates, run.tokens_per_update, run.parameters)
    )
