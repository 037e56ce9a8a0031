"""What `refine` proposes for a subject: the runs, the reasons and the cost. Reads files: belongs in a thread."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.execution import HERE, LOCAL, Execution
from moetui.core.errors import LabError, UsageError
from moetui.core.machine.devices import devices
from moetui.core.queue.resuming import entry_of
from moetui.core.runs.lab import Lab
from moetui.core.science import findings
from moetui.core.studies.audits import audit_planned, shared
from moetui.core.studies.gather import gather
from moetui.core.studies.judge import Terms
from moetui.core.studies.progress import Member, complete, survey
from moetui.core.studies.refine import refine
from moetui.tui.bill import bill
from moetui.tui.compare.subjects import Subject

NOTHING = "Nothing to add: the best learning rate is known as well as this grid can tell, or no run has a result yet."
UNDER_WAY = "What was proposed is under way or there already."


@dataclass(frozen=True, slots=True)
class Proposal:
    """Runs to queue, among those that are there already, with the reasons, what the audit found, and the cost in words."""

    title: str
    reasons: tuple[str, ...]
    members: tuple[Member, ...]
    warnings: tuple[str, ...]
    cost: str
    execution: Execution

    @property
    def due(self) -> tuple[Member, ...]:
        """The runs that have to be queued."""
        return tuple(member for member in self.members if member.due)

    @property
    def nothing(self) -> str:
        """Why there is nothing to queue."""
        return UNDER_WAY if self.members else NOTHING


def read_proposal(lab: Lab, subject: Subject, terms: Terms) -> Proposal:
    """The proposal for the runs of a subject. Raises `UsageError` if they have no response to refine."""
    settings = refine(gather(lab, subject.records), terms)
    if not settings:
        raise UsageError(f"{subject.title} has no runs of its own at two learning rates or more")
    reasons = [
        f"{f'{one.response.name}: ' if one.response.name else ''}{findings.proposal(step)}"
        for one in settings
        for step in one.steps
    ]
    if pending := len(subject.records) - subject.ended:
        reasons.append(f"{pending} of its runs have not ended; with their results this may look different.")
    members = survey((run for one in settings for run in one.runs), lab.snapshot().runs)
    return priced_proposal(lab, subject, reasons, members)


def priced_proposal(lab: Lab, subject: Subject, reasons: Sequence[str], members: Sequence[Member]) -> Proposal:
    """A proposal with what the audit says of its runs, how they are executed, and what they cost."""
    due = [member.planned for member in members if member.due]
    found = shared(audit_planned(lab, due))
    warnings = tuple(f"{one.finding.severity}: {one.finding.evidence}; {one.finding.advice}" for one in found)
    execution = _execution(lab, subject.records)
    cost = bill(due, lab.snapshot().runs, devices())
    place = f"on {cost.place}, {cost.duration}" if execution.backend == LOCAL else f"on {execution.backend}"
    return Proposal(subject.title, tuple(reasons), tuple(members), warnings, place, execution)


def _execution(lab: Lab, records: Iterable[RunRecord]) -> Execution:
    """How the newest of these runs that tells is executed."""
    for record in sorted(records, key=lambda record: record.created, reverse=True):
        if record.path:
            with contextlib.suppress(LabError):
                return Execution.of(entry_of(lab.run_dir(record)))
    return HERE


def queue_proposal(lab: Lab, proposal: Proposal) -> list[RunRecord]:
    """Queue what is due, to be executed as the runs that it follows from; returns the runs of the proposal, old ones included."""
    return complete(lab, proposal.members, proposal.execution)
