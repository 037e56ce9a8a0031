"""What can be compared: the marked runs, what was typed, the studies, the presets without one, and what documents report."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError, NotFoundError
from moetui.core.planning.presets import Library
from moetui.core.query.filtering import matching
from moetui.core.studies.lookup import NO_PRESETS, find_item

_COMPARES = re.compile(r"[<>=]|\b(is|status|tag|note):")
"""What only a filter has, not the name of anything to compare."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Runs to compare. `key` tells it from the others as the runs come and go, `kind` says what it is."""

    key: str
    kind: str
    title: str
    records: tuple[RunRecord, ...]

    @property
    def ended(self) -> int:
        """How many of the runs have ended."""
        return sum(not record.pending for record in self.records)

    @property
    def all_ended(self) -> bool:
        """Whether no run is still to come."""
        return self.ended == len(self.records)

    @property
    def state(self) -> tuple[object, ...]:
        """Everything of the runs that a comparison depends on; it stays equal while they merely go on."""
        return tuple((r.id, r.name, r.status, None if r.pending else (r.final, r.best)) for r in self.records)


def subjects(
    runs: Sequence[RunRecord],
    *,
    marked: Iterable[str] = (),
    typed: Sequence[str] = (),
    library: Library = NO_PRESETS,
) -> tuple[Subject, ...]:
    """The subjects in the order of the list; `typed` holds lines of words as `moetui compare` takes them."""
    by_id = {run.id: run for run in runs}
    found = []
    if chosen := tuple(by_id[run_id] for run_id in marked if run_id in by_id):
        found.append(Subject("marked", "marked", f"{len(chosen)} marked runs", chosen))
    for line in typed:
        try:
            found.append(named(line, runs, library))
        except LabError:
            continue  # its runs are gone
    own = [run for run in runs if not run.published]
    studies = _by(own, "study")
    found += [Subject(f"study:{name}", "study", name, records) for name, records in studies.items()]
    loose = _by([run for run in own if not run.study], "preset")
    found += [Subject(f"preset:{name}", "preset", name, records) for name, records in loose.items()]
    reported = _by([run for run in runs if run.published], "study")
    found += [Subject(f"published:{name}", "published", name, records) for name, records in reported.items()]
    return tuple(found)


def named(line: str, runs: Sequence[RunRecord], library: Library = NO_PRESETS) -> Subject:
    """The runs that a line of words stands for, as `moetui compare` takes them, or that a filter lets through.

    Raises `NotFoundError`, or `UsageError` for a word of several meanings and for a filter with a fault.
    """
    try:
        items = [find_item(word, runs, library) for word in line.split()]
        records = {record.id: record for item in items for record in item.records}
    except NotFoundError:
        if not _COMPARES.search(line):
            raise
        records = {record.id: record for record in matching([run for run in runs if run.archived is None], line)}
        if not records:
            raise
    return Subject(f"typed:{line}", "typed", " ".join(line.split()), tuple(records.values()))


def _by(runs: Iterable[RunRecord], field: str) -> Mapping[str, tuple[RunRecord, ...]]:
    """The runs by a field that is not empty, in the order of `runs`."""
    found: dict[str, list[RunRecord]] = {}
    for run in runs:
        if name := getattr(run, field):
            found.setdefault(name, []).append(run)
    return {name: tuple(records) for name, records in found.items()}
