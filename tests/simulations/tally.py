"""Scenarios, what is asked of them, and how often it was so. Results do not depend on the number of processes."""

import contextlib
import itertools
import math
import multiprocessing
import statistics
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tests.simulations.truths import Random

SEED = 20261129
CHUNK = 25
"""Studies that share a random number generator."""
FEW = 20
"""A case with fewer answers than this is no worst case."""

Outcomes = dict[str, float]
"""What one study shows, by name; a name is missing where the question does not arise in this study."""
Study = Callable[[Random], Outcomes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Bounds of the measured share; `seen` widens them to what may be seen in a simulation."""

    low: float | None = None
    high: float | None = None
    seen: float = 0.0

    def __str__(self) -> str:
        seen = f" ({(self.high or 0) + self.seen:g} seen)" if self.seen else ""
        if self.low is not None and self.high is not None:
            return f"{self.low:g}–{self.high:g}" if self.low != self.high else f"{self.low:g}"
        if self.low is not None:
            return f"≥ {self.low:g}"
        return "–" if self.high is None else f"≤ {self.high:g}{seen}"

    def excess(self, share: float, answers: int) -> float:
        """How far outside of the bounds a share lies, in standard errors of a share at the bound; 0 inside."""
        worst = 0.0
        for bound, beyond in ((self.high, 1.0), (self.low, -1.0)):
            if bound is None:
                continue
            edge = bound + beyond * self.seen
            if (gap := beyond * (share - edge)) > 0:
                error = math.sqrt(edge * (1 - edge) / answers)
                worst = max(worst, gap / error if error else math.inf)
        return worst


NONE: Final = Target()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A row of the table: an outcome, its target, and the outcome of the former procedure, if it had one.

    `cases` limits it to the cases whose names begin so. The median is taken of outcomes that are no shares.
    """

    asks: str
    outcome: str
    target: Target = NONE
    former: str = ""
    median: bool = False
    cases: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Studies of one kind; each case is simulated as often as the others. `share` of the studies asked for is enough."""

    part: str
    name: str
    cases: Mapping[str, Study]
    questions: tuple[Question, ...]
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Share:
    """A share over so many answers with its standard error; or the median of something, without one."""

    value: float
    error: float
    answers: int
    case: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The measured row; None where the question never arose. `worst` is the case farthest beyond the target."""

    scenario: Scenario
    question: Question
    studies: int
    measured: Share | None
    former: Share | None = None
    worst: Share | None = None

    @property
    def excess(self) -> float:
        """How far the share lies beyond its target, in standard errors; a single case may lie one further than all together."""
        beyond = []
        for share, allowed in ((self.measured, 0.0), (self.worst, 1.0)):
            if share is not None:
                beyond.append(max(0.0, self.question.target.excess(share.value, share.answers) - allowed))
        return max(beyond, default=0.0)

    @property
    def verdict(self) -> str:
        """Whether the target is met; a share beyond it by less than two standard errors does not tell."""
        if self.question.target == NONE or self.measured is None:
            return "–"
        return "met" if not self.excess else "met within 2 s.e." if self.excess <= 2 else "**not met**"


@dataclass(slots=True)
class Tally:
    """The outcomes of a scenario, by case and name."""

    scenario: Scenario
    seen: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    studies: dict[str, int] = field(default_factory=dict)

    def add(self, case: str, outcomes: Sequence[Outcomes]) -> None:
        """Take in the outcomes of further studies."""
        known = self.seen.setdefault(case, {})
        self.studies[case] = self.studies.get(case, 0) + len(outcomes)
        for name, value in itertools.chain.from_iterable(one.items() for one in outcomes):
            known.setdefault(name, []).append(value)

    def answers(self) -> Iterator[Answer]:
        """The rows of the scenario."""
        for question in self.scenario.questions:
            cases = [case for case in sorted(self.seen) if case.startswith(question.cases)]
            shares = [self._share(question, question.outcome, [case]) for case in cases] if len(cases) > 1 else []
            judged = [one for one in shares if one is not None and one.answers >= FEW]
            yield Answer(
                scenario=self.scenario,
                question=question,
                studies=sum(self.studies[case] for case in cases),
                measured=self._share(question, question.outcome, cases),
                former=self._share(question, question.former, cases),
                worst=max(judged, key=lambda one: _beyond(question.target, one), default=None),
            )

    def _share(self, question: Question, outcome: str, cases: Sequence[str]) -> Share | None:
        values = [value for case in cases for value in self.seen[case].get(outcome, ())]
        if not values:
            return None
        name = cases[0] if len(cases) == 1 else ""
        if question.median:
            return Share(statistics.median(values), math.nan, len(values), name)
        error = float(np.std(values)) / math.sqrt(max(len(values) - 1, 1))
        return Share(statistics.fmean(values), error, len(values), name)


def _beyond(target: Target, share: Share) -> float:
    return target.excess(share.value, share.answers) * 1e6 + (share.value if target.high is not None else -share.value)


def simulate(
    scenarios: Sequence[Scenario],
    studies: int,
    *,
    processes: int = 1,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Tally]:
    """So many studies of each scenario, times its share, divided over its cases. `progress` is told the share that is done."""
    work = [
        (index, case, chunk, size)
        for index, scenario in enumerate(scenarios)
        for case in scenario.cases
        for chunk, size in _chunks(max(1, round(studies * scenario.share / len(scenario.cases))))
    ]
    tallies = [Tally(scenario) for scenario in scenarios]
    tasks = [(scenarios[index], case, chunk, size) for index, case, chunk, size in work]
    with contextlib.ExitStack() as stack:
        found: Iterable[list[Outcomes]] = map(_studies, tasks)
        if processes > 1:
            found = stack.enter_context(multiprocessing.get_context("fork").Pool(processes)).imap(_studies, tasks)
        for done, ((index, case, *_), outcomes) in enumerate(zip(work, found, strict=True), start=1):
            tallies[index].add(case, outcomes)
            progress(done / len(work))
    return tallies


def _chunks(studies: int) -> Iterator[tuple[int, int]]:
    for chunk, start in enumerate(range(0, studies, CHUNK)):
        yield chunk, min(CHUNK, studies - start)


def _studies(task: tuple[Scenario, str, int, int]) -> list[Outcomes]:
    """The studies of a chunk, whose random numbers depend on the names of scenario and case and the number of the chunk alone."""
    scenario, case, chunk, size = task
    name = zlib.crc32(f"{scenario.part}/{scenario.name}/{case}".encode())
    random = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(name, chunk)))
    study = scenario.cases[case]
    return [study(random) for _ in range(size)]
