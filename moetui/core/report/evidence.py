"""The tables that let every number be traced: findings, runs, and where the runs come from."""

from collections.abc import Sequence
from typing import Final

from engine.runfiles.rundir import Finding
from moetui.core.report.document import Table, table
from moetui.core.report.sources import sources
from moetui.core.report.subject import Subject
from moetui.core.science.groups import Group, Sample
from moetui.core.science.measure import MEASURES

_GRAVITY: Final = ("error", "warning", "note")


def finding_table(subject: Subject) -> Table:
    """A row for each kind of finding about runs, the gravest first, with the gravest evidence and all runs that have it."""
    kinds: dict[str, list[tuple[str, Finding]]] = {}
    for run_id, found in subject.details.items():
        for finding in found.findings:
            kinds.setdefault(finding.kind, []).append((run_id, finding))
    rows = []
    for kind, members in kinds.items():
        run_id, worst = min(members, key=lambda member: _GRAVITY.index(member[1].severity))
        evidence = f"{run_id} at update {worst.update}: {worst.evidence}"
        rows.append([worst.severity, kind, evidence, worst.advice, _ids([run for run, _ in members])])
    rows.sort(key=lambda row: _GRAVITY.index(row[0]))
    return table(["severity", "finding", "evidence", "what to try", "runs"], rows)


def audit_table(subject: Subject) -> Table:
    """A row for each finding on schedules."""
    rows = [
        [one.finding.severity, one.finding.kind, one.finding.evidence, one.finding.advice, _names(one.names)]
        for one in subject.audited
    ]
    return table(["severity", "finding", "evidence", "what to try", "runs"], rows)


def run_table(subject: Subject) -> Table:
    """A row for each run, by setting."""
    rows = [_run(setting, sample) for setting in subject.settings for sample in setting.samples]
    scores = ["loss", "accuracy", "perplexity", "seconds"]
    headers = ["setting", "run", "seed", "status", "updates", *scores, "not counted"]
    return table(headers, rows, right=["seed", "updates", *scores])


def source_table(subject: Subject) -> Table:
    """A row for each fact about where runs come from."""
    everyone = len(subject.runs)
    rows = [
        [source.fact, source.value, "all" if len(source.runs) == everyone else _ids(source.runs)]
        for source in sources(subject)
    ]
    return table(["what", "value", "runs"], rows)


def _run(setting: Group, sample: Sample) -> list[str]:
    record = sample.record
    scores = [measure.text(measure.value(record)) for measure in MEASURES.values()]
    seed = "" if record.seed is None else str(record.seed)
    return [
        setting.label,
        record.id,
        seed,
        record.standing,
        f"{record.update} of {record.updates}",
        *scores,
        sample.reason,
    ]


def _ids(ids: Sequence[str]) -> str:
    return ", ".join(ids)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
