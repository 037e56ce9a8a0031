"""Where the runs of a report come from: versions, revisions, devices and data, each with the runs that have it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moetui.core.report.subject import Subject


@dataclass(frozen=True, slots=True)
class Source:
    """One fact, its value, and the ids of the runs of which it is true."""

    fact: str
    value: str
    runs: tuple[str, ...]


def sources(subject: Subject) -> tuple[Source, ...]:
    """Every fact that is known, those of the same kind together."""
    found: dict[tuple[str, str], list[str]] = {}
    for run in subject.runs:
        facts = [("origin", run.origin), ("device", run.device), ("precision", run.dtype)]
        facts.append(("data fingerprint", run.record.data_fingerprint))
        if detail := subject.details.get(run.record.id):
            facts += _told(detail.provenance)
        for fact, value in facts:
            if value:
                found.setdefault((fact, value), []).append(run.record.id)
    order = dict.fromkeys(fact for fact, _ in found)
    return tuple(
        Source(fact, value, tuple(ids)) for kind in order for (fact, value), ids in found.items() if fact == kind
    )


def _told(provenance: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Program and revision; host and user name the reader's machine and person, and stay out of what is passed on."""
    if python := provenance.get("python"):
        yield "python", str(python)
    if isinstance(packages := provenance.get("packages"), dict):
        yield from ((name, str(version)) for name, version in packages.items())
    if commit := provenance.get("git_commit"):
        yield "revision", f"{commit}{' with uncommitted changes' if provenance.get('git_diff') else ''}"
    if imported := provenance.get("imported"):
        yield "imported", str(imported)
