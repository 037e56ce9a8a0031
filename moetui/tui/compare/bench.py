"""Works out what the Compare screen shows. It reads files and fits curves, so it belongs in a thread; what it knows it keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.core.runs.published import published_beside
from moetui.core.science.evidence import Evidence
from moetui.core.science.pareto import COSTS, Priced, priced
from moetui.core.studies.gather import gather
from moetui.core.studies.judge import Judged, Responses, Terms, judge, responses
from moetui.core.studies.transfer import Transfer, transfers
from moetui.tui.compare.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything about one subject on certain terms: what `moetui compare`, `moetui response` and `moetui transfer` print of it.

    `prices` are by the kind of cost; `published` is what documents report of the same presets.
    """

    subject: Subject
    terms: Terms
    judged: Judged
    found: Responses
    prices: Mapping[str, tuple[Priced, ...]]
    published: tuple[RunRecord, ...]
    ladders: tuple[Transfer, ...]


class Bench:
    """Answers one question after the other; the same one again, while no run has ended in between, costs nothing."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._evidence: tuple[Evidence, ...] = ()
        self._state: tuple[object, ...] | None = None
        self._answer: Answer | None = None

    def answer(self, subject: Subject, terms: Terms, everything: Sequence[RunRecord]) -> Answer:
        """Judge the runs of a subject. `everything`: all records, among which are those that documents report."""
        if (
            self._answer
            and subject.key == self._answer.subject.key
            and terms == self._answer.terms
            and subject.state == self._state
        ):
            return self._answer
        if subject.state != self._state:
            self._evidence = gather(self._lab, subject.records)
            self._state = subject.state
        judged = judge(self._evidence, terms)
        settings = judged.comparison.groups
        self._answer = Answer(
            subject=subject,
            terms=terms,
            judged=judged,
            found=responses(self._evidence, terms, judged),
            prices={cost: priced(settings, self._evidence, cost, terms.measure) for cost in COSTS},
            published=tuple(published_beside(subject.records, everything)),
            ladders=transfers(self._evidence),
        )
        return self._answer
