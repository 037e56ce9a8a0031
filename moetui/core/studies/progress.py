"""Studies as they stand in a workspace: which of their runs are there, which are still to be run, and how far they are.

A study keeps no state of its own. Its runs are those of its plan; a run of the workspace with the same configuration and seed is
one of them, whichever study it was first made for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.execution import HERE, LOCAL, Execution
from moetui.core.errors import LabError
from moetui.core.planning.plan import PlannedRun, Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.runs.lab import Lab
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS

State = Literal["there", "pending", "again", "missing"]

ANSWERED: Final = frozenset({"finished", "diverged"})
"""Ends that answer what the run was for; a divergence is an answer too."""


@dataclass(frozen=True, slots=True)
class Member:
    """One run of a study and the run of the workspace that stands for it, if there is one."""

    planned: PlannedRun
    record: RunRecord | None

    @property
    def state(self) -> State:
        """`there`: it has its answer or was pruned; `pending`: it waits or trains; `again`: it broke off; `missing`: no run yet."""
        if self.record is None:
            return "missing"
        if self.record.pending:
            return "pending"
        return "there" if self.record.status in ANSWERED or self.record.pruned else "again"

    @property
    def due(self) -> bool:
        """Whether it must be queued for the study to be whole."""
        return self.state in ("again", "missing")


@dataclass(frozen=True, slots=True)
class Progress:
    """A study in a workspace: its runs here, those of the plan that were never queued, and the best setting so far."""

    name: str
    records: tuple[RunRecord, ...]
    missing: tuple[PlannedRun, ...]

    def count(self, *statuses: str) -> int:
        """Runs in any of these statuses that were not pruned."""
        return sum(record.status in statuses and not record.pruned for record in self.records)

    @property
    def pruned(self) -> int:
        """Runs that were cut short because their setting had fallen behind."""
        return sum(record.pruned for record in self.records)

    @property
    def best(self) -> tuple[RunRecord, float] | None:
        """A run of the setting with the lowest final validation loss, and the mean of that loss over its seeds."""
        from moetui.core.science.comparison import best_group  # numpy comes with it, which a list of runs does without

        group = best_group(groups(self.records, LOSS), LOSS)
        return None if group is None else (group.counted[0].record, group.mean)


def survey(planned: Iterable[PlannedRun], records: Iterable[RunRecord]) -> tuple[Member, ...]:
    """The runs of a plan with the run that stands for each: one with an answer, else one that is pending, else the newest."""
    known = _standing(records)
    return tuple(Member(run, known.get((run.group, run.config.seed))) for run in planned)


def runs_of(
    library: Library, name: str, records: Sequence[RunRecord], *, kind: Literal["study", "preset"] = "study"
) -> tuple[RunRecord, ...]:
    """The runs of a study or preset: those made for it, then those of its configurations, of any seed, made for something else.

    Published results are no runs. A preset that is gone or broken still has what was run for it.
    """
    own = [run for run in records if (run.study if kind == "study" else run.preset) == name and not run.published]
    try:
        settings = {planned.group for planned in plan(library, Selection(presets=(name,)))}
    except LabError:
        settings = set()
    others = [run for run in _standing(records).values() if run.group in settings]
    return tuple({run.id: run for run in (*own, *others)}.values())


def complete(lab: Lab, members: Sequence[Member], execution: Execution = HERE) -> list[RunRecord]:
    """Queue what is missing of a study and let go on what broke off; returns the runs of all members.

    `execution` is that of the new runs. Those that go on keep theirs, but a scheduler that is named takes them as well: whoever
    names one does not want them on this machine.
    """
    missing = [member.planned for member in members if member.record is None]
    from moetui.core.queue.enqueue import enqueue
    from moetui.core.queue.resuming import resume  # what acts is not needed to survey

    def change(before: Execution) -> Execution:
        if execution.backend == LOCAL:
            return before
        return before.changed(backend=execution.backend, resources=execution.resources)

    queued = iter(enqueue(lab, missing, execution) if missing else ())
    records = []
    for member in members:
        record = member.record or next(queued)
        records.append(resume(lab, record, change) if member.state == "again" else record)
    return records


def study_names(records: Iterable[RunRecord]) -> tuple[str, ...]:
    """The studies that runs were made for, in the order of `records`."""
    return tuple(dict.fromkeys(record.study for record in records if record.study and not record.published))


def progress(library: Library, name: str, records: Sequence[RunRecord]) -> Progress:
    """How far a study is, over the seeds that were queued for it. Runs made for it that are not in its plan count as well."""
    own = [record for record in records if record.study == name and not record.published]
    seeds = tuple(sorted({record.seed for record in own if record.seed is not None}))
    try:
        members = survey(plan(library, Selection(presets=(name,), seeds=seeds)), records)
    except LabError:
        if not own:
            raise
        members = ()  # the preset is gone; what was run for it is not
    missing = tuple(member.planned for member in members if member.record is None)
    return Progress(name, runs_of(library, name, records), missing)


def _standing(records: Iterable[RunRecord]) -> dict[tuple[str, int | None], RunRecord]:
    """The run that stands for each configuration and seed."""
    known: dict[tuple[str, int | None], RunRecord] = {}
    for record in sorted(records, key=lambda record: (record.status in ANSWERED, record.pending, record.created)):
        if not record.published and record.deleted is None:
            known[record.group, record.seed] = record
    return known
