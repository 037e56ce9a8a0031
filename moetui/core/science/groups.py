"""Groups: the runs of one configuration apart from its seed, and what each of them counts for."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from moetui.core.catalogue.records import RunRecord
from moetui.core.science.measure import Measure
from moetui.core.science.summary import NO_SPREAD, Summary, summarize

COUNTING = frozenset({"finished", "published"})
"""The ends after which a run's score is that of its whole configuration."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a group: its finite value, or None and the reason. A diverged run is a result, not a gap."""

    record: RunRecord
    value: float | None
    diverged: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Group:
    """The runs of one setting. `key` identifies the configuration without its seed, `label` names it for people.

    What the runs say together is worked out once: tables, verdicts and sentences ask for it many times.
    """

    key: str
    label: str
    samples: tuple[Sample, ...]

    @cached_property
    def counted(self) -> tuple[Sample, ...]:
        """The runs that have a value."""
        return tuple(sample for sample in self.samples if sample.value is not None)

    @cached_property
    def values(self) -> tuple[float, ...]:
        """The values of the runs that have one."""
        return tuple(sample.value for sample in self.samples if sample.value is not None)

    @cached_property
    def diverged(self) -> tuple[Sample, ...]:
        """The runs that diverged or ended with a score that is no number."""
        return tuple(sample for sample in self.samples if sample.diverged)

    @cached_property
    def left_out(self) -> tuple[Sample, ...]:
        """The runs that say nothing of this setting yet: still going, broken off, failed, or repeated."""
        return tuple(sample for sample in self.samples if sample.value is None and not sample.diverged)

    @cached_property
    def n(self) -> int:
        """How many runs have a value."""
        return len(self.values)

    @cached_property
    def tried(self) -> bool:
        """Whether any run has come to a result, be it a divergence."""
        return self.n > 0 or bool(self.diverged)

    @cached_property
    def summary(self) -> Summary:
        """Mean, spread and interval of the values."""
        return summarize(self.values)

    @cached_property
    def mean(self) -> float:
        """The mean of the values. Raises `ValueError` if there is none."""
        if not (values := self.values):
            raise ValueError(f"{self.label} has no value")
        return statistics.fmean(values)

    @cached_property
    def spread(self) -> bool:
        """Whether the values differ by more than rounding; those that do not measure no noise."""
        values = self.values
        return bool(values) and max(values) - min(values) > NO_SPREAD * max(map(abs, values))

    @cached_property
    def rates(self) -> tuple[float, ...]:
        """The learning rates of its runs; more than one means that it is no setting."""
        return tuple(sorted({sample.record.lr for sample in self.samples if sample.record.lr is not None}))


def setting_name(record: RunRecord) -> str:
    """The name of a run without its seed: `quickstart/lr=0.05`."""
    return "/".join(part for part in record.name.split("/") if not part.startswith("seed="))


def sample(record: RunRecord, measure: Measure) -> Sample:
    """What one run counts for."""
    if record.status == "diverged":
        return Sample(record, None, diverged=True, reason=record.reason or f"diverged at update {record.update}")
    if record.status not in COUNTING:
        return Sample(record, None, reason=_broken_off(record))
    value = measure.value(record)
    if value is None:
        return Sample(record, None, reason=f"its {measure.title} is not known")
    if not math.isfinite(value):
        return Sample(record, None, diverged=True, reason=f"its {measure.title} is {value}")
    return Sample(record, value)


def group_key(record: RunRecord) -> str:
    """The key of the group that a run belongs to: its configuration, or itself where that is not known."""
    return record.group or record.id


def groups(
    records: Iterable[RunRecord],
    measure: Measure,
    *,
    key: Callable[[RunRecord], str] = group_key,
) -> tuple[Group, ...]:
    """Records put together by configuration, in the order in which the configurations first occur.

    Of several runs with the same seed the newest that came to a result counts: repeating a seed is no new evidence.
    """
    by_key: dict[str, list[RunRecord]] = {}
    for record in records:
        by_key.setdefault(key(record), []).append(record)
    found = [
        Group(name, _label(name, members), _without_repeats([sample(record, measure) for record in members]))
        for name, members in by_key.items()
    ]
    labels = Counter(group.label for group in found)
    return tuple(
        group if labels[group.label] == 1 else replace(group, label=f"{group.label} ({group.key})") for group in found
    )


def _broken_off(record: RunRecord) -> str:
    if record.pending:
        return f"is {record.status}"
    why = f" ({record.reason})" if record.reason else ""
    return f"{record.status} at update {record.update} of {record.updates}{why}"


def _label(key: str, members: Sequence[RunRecord]) -> str:
    names = list(dict.fromkeys(map(setting_name, members)))
    if len(names) == 1:
        return names[0]
    return key if "/" in key else f"{names[0]} and {len(names) - 1} more"


def _without_repeats(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    newest: dict[int, RunRecord] = {}
    for one in sorted(samples, key=lambda one: one.record.created):
        if one.record.seed is not None and (one.value is not None or one.diverged):
            newest[one.record.seed] = one.record

    def standing(one: Sample) -> Sample:
        seed = one.record.seed
        if seed is None or (one.value is None and not one.diverged) or newest[seed] is one.record:
            return one
        return Sample(one.record, None, reason=f"seed {seed} was repeated by {newest[seed].id}, which counts")

    return tuple(map(standing, samples))
