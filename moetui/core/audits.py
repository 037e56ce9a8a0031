"""The schedule audit of what is about to run and of what has run, with what this workspace knows of diverged learning rates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.rundir import DamagedFile, Finding
from moetui.core.audit import Cliff, audit, recorded
from moetui.core.errors import NotFoundError, UsageError
from moetui.core.lab import Lab
from moetui.core.plan import PlannedRun, Selection, group_of, plan
from moetui.core.records import RunRecord

if TYPE_CHECKING:
    from moetui.core.detail import Detail


@dataclass(frozen=True, slots=True)
class Audited:
    """A run, planned or recorded, and what the audit found."""

    name: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """One finding and the names of all runs that have it."""

    finding: Finding
    names: tuple[str, ...]


def audit_planned(lab: Lab, runs: Iterable[PlannedRun]) -> tuple[Audited, ...]:
    """The audit of runs before they are queued."""
    known = cliffs(lab)
    return tuple(Audited(run.name, audit(run.config, known)) for run in runs)


def audit_named(lab: Lab, name: str) -> tuple[Audited, ...]:
    """The audit of a preset, or of a run. Raises `NotFoundError` if it is neither."""
    try:
        return audit_planned(lab, plan(lab.library(), Selection(presets=(name,))))
    except NotFoundError as no_preset:
        try:
            return (audit_recorded(lab, lab.find(name)),)
        except NotFoundError:
            raise NotFoundError(f"no run {name!r} and {no_preset}") from None


def audit_recorded(lab: Lab, record: RunRecord) -> Audited:
    """The audit of a run by the learning rates that it has logged; by the planned ones while it is not over.

    Raises `UsageError` if its configuration is not known.
    """
    from moetui.core.detail import detail  # reads all that a run has; what is planned has nothing yet

    return audit_detail(detail(lab, record), cliffs(lab))


def audit_detail(found: "Detail", known: Iterable[Cliff]) -> Audited:
    """The audit of a run that was read already; `known` are the diverged runs. Raises `UsageError` as above."""
    if found.config is None:
        raise UsageError(
            f"{found.record.name} was imported without its configuration, so there is no schedule to audit"
        )
    # A setting of which a seed diverged is not above a cliff: it is the cliff.
    setting = group_of(found.config)
    others = [cliff for cliff in known if group_of(cliff.config) != setting]
    curve = None if found.record.pending else recorded(found.config, found.records)
    return Audited(found.record.name, audit(found.config, others, curve))


def cliffs(lab: Lab) -> tuple[Cliff, ...]:
    """The runs of this workspace that diverged; one whose directory is damaged or gone tells nothing."""
    found = []
    for record in lab.snapshot().runs:
        if record.status == "diverged" and record.path:
            try:
                config = lab.run_dir(record).config().config
            except (DamagedFile, FileNotFoundError):
                continue
            found.append(Cliff(record.id, record.name, record.update, config))
    return tuple(found)


def shared(audited: Sequence[Audited]) -> tuple[Shared, ...]:
    """Each finding once, with the runs that have it, in the order of their first appearance."""
    names: dict[Finding, list[str]] = {}
    for one in audited:
        for finding in one.findings:
            names.setdefault(finding, []).append(one.name)
    return tuple(Shared(finding, tuple(runs)) for finding, runs in names.items())
