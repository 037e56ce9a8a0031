"""What a report is about: the runs of a study, and every statistic on them that the document, the figures and the files share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.runs.detail import Detail, detail
from moetui.core.runs.lab import Lab
from moetui.core.runs.published import plain_preset, published_beside
from moetui.core.runs.same_order import SameOrder
from moetui.core.science.caveats import Caveat, caveats
from moetui.core.science.comparison import Comparison, compare
from moetui.core.science.evidence import Evidence, counting
from moetui.core.science.groups import Group, groups, setting_name
from moetui.core.science.lengths import Agreement, agreement, by_length
from moetui.core.science.measure import LOSS, MEASURES
from moetui.core.science.pareto import COSTS, Priced, priced
from moetui.core.science.response import Response, respond, slices
from moetui.core.studies.audits import Shared, audit_detail, cliffs, shared, together
from moetui.core.studies.gather import gather
from moetui.core.studies.lookup import Item, find_item
from moetui.core.studies.transfer import Transfer, transfers

SCORES: Final = ("val_loss", "val_accuracy", "val_perplexity")
"""The measures that a response to the learning rate is shown in."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A study. Settings are always in the order of their mean loss, the best first.

    `details` are those of the runs that could be read, `unreadable` the reasons for the others, both by run id. `comparisons` and
    `responses` are by measure; `published` holds what documents report of the same presets, if the runs are not themselves that.
    """

    item: Item
    runs: tuple[Evidence, ...]
    details: Mapping[str, Detail]
    unreadable: Mapping[str, str]
    comparisons: Mapping[str, Comparison]
    responses: Mapping[str, tuple[Response, ...]]
    movements: tuple[Agreement, ...]
    prices: Mapping[str, tuple[Priced, ...]]
    caveats: tuple[Caveat, ...]
    published: tuple[Evidence, ...]
    audited: tuple[Shared, ...]
    ladders: tuple[Transfer, ...] = ()

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """The records of the runs."""
        return tuple(run.record for run in self.runs)

    @property
    def comparison(self) -> Comparison:
        """The comparison by final validation loss."""
        return self.comparisons[LOSS.key]

    @property
    def settings(self) -> tuple[Group, ...]:
        """The settings with their losses, the best first."""
        return self.comparison.groups

    def group(self, setting: Group, measure: str) -> Group:
        """The same setting by another measure."""
        return next(group for group in self.comparisons[measure].groups if group.key == setting.key)

    def details_of(self, setting: Group) -> tuple[Detail, ...]:
        """What is known of the runs that stand for a setting: those with a loss, else those that diverged."""
        samples = setting.counted or setting.diverged
        return tuple(found for sample in samples if (found := self.details.get(sample.record.id)) is not None)

    def evidence_of(self, setting: Group) -> Evidence | None:
        """A run of a setting, preferably one whose configuration is known."""
        ids = {sample.record.id for sample in setting.samples}
        members = [run for run in self.runs if run.record.id in ids]
        return next((run for run in members if run.config), next(iter(members), None))

    @cached_property
    def counterparts(self) -> Mapping[str, RunRecord]:
        """The published result of a setting, by the setting's key, where a document reports one under the same name."""
        by_name = {_plain_name(run.record): run.record for run in self.published}
        return {
            group.key: record
            for group in self.settings
            for sample in reversed(group.samples)
            if (record := by_name.get(_plain_name(sample.record))) is not None
        }

    @property
    def leading(self) -> Response | None:
        """Of the responses in the loss, the one with the best learning rate of all; own runs come before published ones."""
        known = [one for one in self.responses[LOSS.key] if one.best is not None]
        return min(known, key=lambda one: (one.published, one.best.group.mean if one.best else 0.0), default=None)


def gather_subject(lab: Lab, word: str) -> Subject:
    """Everything about the runs that a word stands for. Raises `NotFoundError`, or `UsageError` for a word of several meanings."""
    everything = lab.snapshot().runs
    item = find_item(word, everything, lab.library())
    runs = gather(lab, item.records)
    details, unreadable = _details(lab, item.records)
    comparisons = {key: compare(groups(item.records, measure), measure) for key, measure in MEASURES.items()}
    parts = [part for part in slices(runs) if len(part.lrs) > 1]
    responses = {
        key: tuple(respond(part, MEASURES[key], comparison=comparisons[key]) for part in parts) for key in SCORES
    }
    known = cliffs(lab)
    with_config = [found for found in details.values() if found.config is not None]
    audited = together([audit_detail(found, known) for found in with_config], [found.config for found in with_config])
    return Subject(
        item=item,
        runs=runs,
        details=details,
        unreadable=unreadable,
        comparisons=comparisons,
        responses=responses,
        movements=tuple(agreement(family) for family in by_length(responses[LOSS.key])),
        prices={cost: priced(comparisons[LOSS.key].groups, runs, cost, LOSS) for cost in COSTS},
        caveats=caveats(counting(runs, comparisons[LOSS.key].groups)),
        published=gather(lab, published_beside(item.records, everything)),
        audited=shared(audited),
        ladders=transfers(runs),
    )


def _details(lab: Lab, records: Iterable[RunRecord]) -> tuple[dict[str, Detail], dict[str, str]]:
    details: dict[str, Detail] = {}
    unreadable: dict[str, str] = {}
    beside = SameOrder(lab)
    for record in records:
        try:
            details[record.id] = detail(lab, record, beside)
        except (LabError, DamagedFile, OSError) as error:
            unreadable[record.id] = str(error)
    return details, unreadable


def _plain_name(record: RunRecord) -> str:
    name = setting_name(record).removeprefix("published/")
    return plain_preset(record) + name.removeprefix(record.preset).removeprefix(plain_preset(record))
