"""The schedule audit of what is about to run and of what has run, with what this workspace knows of diverged learning rates."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import Finding
from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import NotFoundError, UsageError
from moetui.core.planning.audit import Cliff, audit, diverged_before, recorded
from moetui.core.planning.plan import PlannedRun, Selection, plan
from moetui.core.planning.rounding import equal_schedules
from moetui.core.runs.lab import Lab

if TYPE_CHECKING:
    from moetui.core.runs.detail import Detail


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
    """The audit of runs before they are queued, of each one alone and of all together."""
    known, planned = cliffs(lab), tuple(runs)
    alone = []
    for run in planned:
        before = diverged_before(run.config, known)
        alone.append(Audited(run.name, (*audit(run.config, known), *((before,) if before else ()))))
    return together(alone, [run.config for run in planned])


def together(audited: Sequence[Audited], configs: Sequence[RunConfig | None]) -> tuple[Audited, ...]:
    """Runs that were audited alone, with what is wrong between them: settings whose schedules are one and the same."""
    known = [(one, config) for one, config in zip(audited, configs, strict=True) if config is not None]
    equal = equal_schedules([(one.name, config) for one, config in known])
    more = {id(one): finding for (one, _), finding in zip(known, equal, strict=True) if finding is not None}
    return tuple(Audited(one.name, (*one.findings, more[id(one)])) if id(one) in more else one for one in audited)


def audit_named(lab: Lab, names: Iterable[str]) -> tuple[Audited, ...]:
    """The audit of presets, all of them as one plan, and of runs. Raises `NotFoundError` for a name that is neither."""
    parts: list[list[PlannedRun] | Audited] = []
    for name in names:
        try:
            parts.append(plan(lab.library(), Selection(presets=(name,))))
        except NotFoundError as no_preset:
            try:
                parts.append(audit_recorded(lab, lab.find(name)))
            except NotFoundError:
                raise NotFoundError(f"no run {name!r} and {no_preset}") from None
    planned = iter(audit_planned(lab, (run for part in parts if isinstance(part, list) for run in part)))
    found: list[Audited] = []
    for part in parts:
        found += [part] if isinstance(part, Audited) else itertools.islice(planned, len(part))
    return tuple(found)


def audit_recorded(lab: Lab, record: RunRecord) -> Audited:
    """The audit of a run by the learning rates that it has logged; by the planned ones while it is not over.

    Raises `UsageError` if its configuration is not known.
    """
    from moetui.core.runs.detail import detail  # reads all that a run has; what is planned has nothing yet

    return audit_detail(detail(lab, record), cliffs(lab))


def audit_detail(found: "Detail", known: Iterable[Cliff]) -> Audited:
    """The audit of a run that was read already; `known` are the diverged runs. Raises `UsageError` as above."""
    if found.config is None:
        raise UsageError(
            f"{found.record.name} was imported without its configuration, so there is no schedule to audit"
        )
    curve = None if found.record.pending else recorded(found.config, found.records)
    return Audited(found.record.name, audit(found.config, known, curve))


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
