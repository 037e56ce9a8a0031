"""What there is to say of a plan: which of its runs are here already, what is wrong with them, what they have to beat."""

from collections.abc import Sequence
from dataclasses import dataclass

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import PlannedRun
from moetui.core.planning.presets import Library
from moetui.core.runs.lab import Lab
from moetui.core.studies.audits import Shared, audit_planned, shared
from moetui.core.studies.progress import Member, survey
from moetui.core.studies.reference import Reference, reference


@dataclass(frozen=True, slots=True)
class Appraisal:
    """Belongs to the plan whose runs it holds, and to no other."""

    runs: tuple[PlannedRun, ...] = ()
    members: tuple[Member, ...] = ()
    findings: tuple[Shared, ...] = ()
    beaten: Reference | None = None

    def warnings(self, due: Sequence[PlannedRun]) -> tuple[Shared, ...]:
        """The findings on these runs that are more than notes."""
        names = {run.name for run in due}
        return tuple(one for one in self.findings if one.finding.severity != "note" and names & {*one.names})

    def due(self, *, reuse: bool) -> tuple[PlannedRun, ...]:
        """The runs that would be queued: all, or those whose answer is not here."""
        return tuple(member.planned for member in self.members if member.due) if reuse else self.runs


def appraise(lab: Lab, library: Library, runs: tuple[PlannedRun, ...], records: Sequence[RunRecord]) -> Appraisal:
    """Look at the workspace for a plan; reads the directories of a few runs."""
    if not runs:
        return Appraisal()
    return Appraisal(
        runs=runs,
        members=survey(runs, records),
        findings=shared(audit_planned(lab, runs)),
        beaten=reference(lab, library, runs, records),
    )
