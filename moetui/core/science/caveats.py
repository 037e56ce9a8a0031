"""What was not equal between runs that are compared, apart from what the comparison is about."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from moetui.core.catalogue.records import RunRecord
from moetui.core.science.evidence import Evidence
from moetui.core.science.groups import setting_name

UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Caveat:
    """One circumstance in which runs differ: its values, each with the runs that have it."""

    what: str
    values: tuple[tuple[str, tuple[RunRecord, ...]], ...]

    @property
    def text(self) -> str:
        """The circumstance in a line: `updates differ: 200 (a, b), 1000 (c)`."""
        parts = [f"{value} ({_names(records)})" for value, records in self.values]
        return f"{self.what} differ: {', '.join(parts)}"


def _evaluation(run: Evidence) -> str:
    if run.own is None:
        return ""
    limit = run.setting("evaluation.max_sequences")
    seen = ", whose text is trained on" if run.setting("data.split") == "overlap" else ""
    return f"{f'the first {limit}' if limit else 'all'} sequences of {run.setting('data.sequence_length')} tokens{seen}"


CIRCUMSTANCES: Final[tuple[tuple[str, Callable[[Evidence], str]], ...]] = (
    ("data fingerprints", lambda run: run.record.data_fingerprint[:12]),
    ("updates", lambda run: str(run.updates or "")),
    ("tokens per update", lambda run: str(run.record.tokens_per_update or "")),
    ("evaluation sets", _evaluation),
    ("devices", lambda run: run.device),
    ("precisions", lambda run: run.dtype),
    ("origins", lambda run: run.origin),
)


def caveats(runs: Iterable[Evidence], whole: Iterable[Caveat] | None = None) -> tuple[Caveat, ...]:
    """Every circumstance that is not the same in all runs. One that is known of some runs only counts as different.

    `whole` are those of a study that the runs are a part of: what is the same in all of it is the same in its parts.
    """
    compared = list(runs)
    unequal = None if whole is None else {one.what for one in whole}
    found = []
    for what, of in CIRCUMSTANCES:
        if unequal is not None and what not in unequal:
            continue
        told = [of(run) or UNKNOWN for run in compared]
        if len(set(told)) > 1:
            values: dict[str, list[RunRecord]] = {}
            for value, run in zip(told, compared, strict=True):
                values.setdefault(value, []).append(run.record)
            found.append(Caveat(what, tuple((value, tuple(records)) for value, records in values.items())))
    return tuple(found)


def reservations(records: Iterable[RunRecord]) -> tuple[str, ...]:
    """What is noted of published results: each note once, with the results that it belongs to."""
    noted: dict[str, list[RunRecord]] = {}
    for record in records:
        if record.published and record.note:
            noted.setdefault(record.note, []).append(record)
    return tuple(f"{_names(members)}: {note}" for note, members in noted.items())


def _names(records: Iterable[RunRecord]) -> str:
    names = list(dict.fromkeys(map(setting_name, records)))
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more
