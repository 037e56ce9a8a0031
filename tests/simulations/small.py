"""Small samples: correlations over learning rates, one run beside several, seeds needed, and best rates at several lengths."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from moetui.core.science.comparison import compare
from moetui.core.science.correlation import lr_correlations
from moetui.core.science.measure import LOSS as MEASURE
from moetui.core.science.student import POWER
from moetui.core.studies.judge import Terms, responses
from tests.simulations.runs import groups, sweep
from tests.simulations.tally import SEED, Outcomes, Question, Scenario, Target
from tests.simulations.truths import (
    GRIDS,
    LOSS,
    NOISES,
    RESPONSES,
    RUN_SD,
    SEED_SD,
    Grid,
    Law,
    Numbers,
    Random,
    known,
    noise,
    values,
)
from tests.simulations.verdicts import Study, intervals

CORRELATIONS: Final = "Correlations over the means of learning rates"
PREDICTIONS: Final = "One run beside several of the same setting"
SEEDS: Final = "Seeds needed, asked for from a pilot"
LENGTHS: Final = "Whether the best learning rate moves with the length"

Way = Literal["anew", "added"]

BEST: Final = 0.07
RUNS: Final = 3
"""Runs at each learning rate of a correlation."""

RANGES: Final[Mapping[str, tuple[str, float, float]]] = {
    "optimum in the middle": ("parabola", -1.5, 1.5),
    "skew, optimum in the middle": ("skew", -1.5, 1.5),
    "optimum at the upper end": ("parabola", -3.0, 0.0),
    "rising": ("falls to the end", -1.5, 1.5),
    "no relation": ("no effect", -1.5, 1.5),
}
"""Response, and the range of d = ln(lr/best) that the learning rates are drawn from."""


def _draw(random: Random, name: str, rates: int) -> tuple[Numbers, Numbers]:
    """Places and mean losses of learning rates."""
    truth, low, high = RANGES[name]
    d: Numbers = np.sort(random.uniform(low, high, rates))
    return d, LOSS + RESPONSES[truth](d)


@lru_cache(maxsize=64)
def true_correlations(name: str) -> Mapping[str, float]:
    """Of learning rate and its logarithm with the mean of `RUNS` runs, over ever so many learning rates."""
    random = np.random.default_rng(SEED)
    d, loss = _draw(random, name, 400_000)
    loss = loss + random.normal(0, RUN_SD / math.sqrt(RUNS), len(d))
    pairs = {"lr": (np.exp(d), loss), "log lr": (d, loss)}
    return {kind: float(np.corrcoef(x, y)[0, 1]) for kind, (x, y) in pairs.items()}


@dataclass(frozen=True, kw_only=True)
class Correlations:
    """Learning rates drawn at random, three runs each, and the intervals of their correlations with the loss."""

    range: str
    rates: int

    def __call__(self, random: Random) -> Outcomes:
        """Whether the intervals hold the true values."""
        d, loss = _draw(random, self.range, self.rates)
        drawn = values(random, loss, np.full(len(d), RUN_SD), np.ones((len(d), RUNS), dtype=np.bool_))
        every = lr_correlations([run.record for run in sweep(BEST * np.exp(d), drawn)])
        found = [one for one in every if one.method == "Pearson"]
        told: Outcomes = {}
        for (kind, truth), one in zip(true_correlations(self.range).items(), found, strict=True):
            told[f"{kind} given"] = float(one.low is not None)
            if one.low is not None and one.high is not None:
                told[kind] = float(one.low <= truth <= one.high)
        return told


@dataclass(frozen=True, kw_only=True)
class OneMore:
    """One more run of a setting with `seeds` runs, beside another setting."""

    seeds: int
    law: Law

    def __call__(self, random: Random) -> Outcomes:
        """Whether it is said to lie outside of what noise allows; and whether it was in former times: outside of 2 sd."""
        drawn = LOSS + math.hypot(RUN_SD, SEED_SD) * noise(random, self.law, (self.seeds + 1,))
        table = np.full((2, self.seeds + 1), np.nan)
        table[0, :-1], table[1, -1] = drawn[:-1], drawn[-1]
        several, single = groups(table)
        prediction = compare([several, single], MEASURE).between(single, several).prediction
        assert prediction is not None
        beyond = abs(drawn[-1] - drawn[:-1].mean()) > 2 * drawn[:-1].std(ddof=1)
        return {"outside": float(not prediction.inside), "two sd": float(beyond)}


@lru_cache(maxsize=64)
def seeds_that_do(settings: int, size: float, way: Way, studies: int = 300) -> int:
    """The least number of seeds with which a difference of `size` sd between two of the settings is found with power 0.8."""
    few, many = 1, 64
    while many - few > 1:
        seeds = (few + many) // 2
        few, many = (few, seeds) if _power(settings, seeds, size, way, studies) >= POWER else (seeds, many)
    return many


def _power(settings: int, seeds: int, size: float, way: Way, studies: int) -> float:
    """The power of the comparison of all pairs, of a study queued at once or of one whose last seed was added later."""
    random = np.random.default_rng([SEED, seeds])
    study = Study(settings=settings, seeds=seeds, steps=(size, *[0.0] * (settings - 1)))
    batches = (seeds - 1, seeds) if way == "added" else ()
    found = 0
    for _ in range(studies):
        mean, drawn = study.drawn(random)
        apart = intervals(compare(groups(drawn, batches), MEASURE)).apart
        found += int(apart[int(mean.argmax()), int(mean.argmin())])
    return found / studies


@dataclass(frozen=True, kw_only=True)
class Pilot:
    """A pilot of equal settings, and a difference that matters, in sd of a run."""

    settings: int
    seeds: int
    size: float
    ways: tuple[Way, ...] = ("anew", "added")
    studies: int = 300

    def __call__(self, random: Random) -> Outcomes:
        """Whether the upper end of the advice has too little power: for a new study, and for a pilot that gets more seeds."""
        drawn = Study(settings=self.settings, seeds=self.seeds).drawn(random)[1]
        needed = compare(groups(drawn), MEASURE, tolerance=self.size * RUN_SD / LOSS).seeds_needed
        assert needed is not None
        few, many = (math.inf if end is None else float(end) for end in (needed.few, needed.many))
        told: Outcomes = {"few": few, "many": many}
        for way in self.ways:
            told[way] = float(many < seeds_that_do(self.settings, self.size, way, self.studies))
        return told


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Sweeps at several lengths with lr* ∝ updates^exponent; `shift` moves each next grid by so many of its steps."""

    lengths: tuple[int, ...]
    truths: tuple[str, ...]
    grids: tuple[Grid, ...]
    exponent: float = 0.0
    shift: float = 0.0
    sd: float = RUN_SD
    noise: str = "equal"

    def __call__(self, random: Random) -> Outcomes:
        """Whether it is said to move, and whether the exponents that are allowed hold the true one."""
        runs = []
        start = random.uniform(-0.5, 0.5)
        for place, updates in enumerate(self.lengths):
            grid, truth = self.grids[place % len(self.grids)], self.truths[place % len(self.truths)]
            offset = (grid.steps + start + place * self.shift) * math.log(grid.factor)
            d = offset - self.exponent * math.log(updates / self.lengths[0])
            sd = self.sd * NOISES[self.noise](len(d))
            drawn = values(random, LOSS + RESPONSES[truth](d), sd, known(random, "complete", len(d), 3))
            runs += sweep(BEST * np.exp(offset), drawn, updates=updates)
        (across,) = responses(runs, Terms()).across
        low = -math.inf if across.low is None else across.low
        high = math.inf if across.high is None else across.high
        holds = not across.crossed and low <= self.exponent <= high
        return {"moves": float(across.verdict == "moves"), "exponent": float(holds)}


def scenarios() -> Iterator[Scenario]:
    """All scenarios of this file."""
    yield from _correlations()
    for law in ("normal", "t5"):
        for seeds in (2, 3, 5, 10):
            target = Target(low=0.035, high=0.065) if law == "normal" else Target(high=0.07)
            yield Scenario(
                part=PREDICTIONS,
                name=f"{seeds} runs, {law}",
                cases={"": OneMore(seeds=seeds, law=law)},
                questions=(Question(asks="called outside", outcome="outside", target=target, former="two sd"),),
                share=3.0,
            )
    for settings, seeds, size in ((5, 3, 2.1), (5, 5, 2.1), (5, 3, 1.2), (2, 3, 3.0)):
        yield Scenario(
            part=SEEDS,
            name=f"{settings} × {seeds}, a difference of {size:g} sd",
            cases={"": Pilot(settings=settings, seeds=seeds, size=size)},
            questions=(
                Question(asks="too little power in a new study", outcome="anew", target=Target(high=0.2)),
                Question(asks="too little power after adding seeds", outcome="added", target=Target(high=0.2)),
                Question(asks="seeds, lower end, median", outcome="few", median=True),
                Question(asks="seeds, upper end, median", outcome="many", median=True),
            ),
            share=0.5,
        )
    yield from _lengths()


def _correlations() -> Iterator[Scenario]:
    kinds = ("lr", "log lr")
    for name in RANGES:
        yield Scenario(
            part=CORRELATIONS,
            name=name,
            cases={f"{rates} rates": Correlations(range=name, rates=rates) for rates in (8, 12, 20)},
            questions=tuple(Question(asks=f"holds, {kind}", outcome=kind, target=Target(low=0.93)) for kind in kinds),
            share=2.0,
        )
    none = Target(high=0.0)
    yield Scenario(
        part=CORRELATIONS,
        name="five rates, any of these",
        cases={name: Correlations(range=name, rates=5) for name in RANGES},
        questions=tuple(Question(asks=f"an interval, {kind}", outcome=f"{kind} given", target=none) for kind in kinds),
        share=0.1,
    )


def _lengths() -> Iterator[Scenario]:
    two, three = (50, 200), (50, 200, 800)
    middle, fine = GRIDS[1], GRIDS[2]
    false = Question(asks="moves, though it does not", outcome="moves", target=Target(high=0.05))
    holds = Question(asks="holds the exponent", outcome="exponent", target=Target(low=0.94))
    plain = {
        "equal grids": ((middle,), 0.0),
        "grids shifted by 0.4 steps": ((middle,), 0.4),
        "× 2.15, then × 1.5": ((middle, fine), 0.0),
        "× 3, then × 1.5": ((GRIDS[0], fine), 0.2),
    }
    for truths in (
        ("parabola",),
        ("skew",),
        ("kink 0.12 to 0.9",),
        ("V 1 : 5",),
        ("parabola", "kink 0.12 to 0.9", "skew"),
    ):
        for lengths in (two, three):
            cases = {
                f"{words}, sd {sd:g}": Lengths(lengths=lengths, truths=truths, grids=grids, shift=shift, sd=sd)
                for words, (grids, shift) in plain.items()
                for sd in (0.003, 0.012, 0.03)
            }
            yield Scenario(
                part=LENGTHS,
                name=f"{', then '.join(truths)}, {len(lengths)} lengths",
                cases=cases,
                questions=(false, holds),
                share=0.6,
            )
    for truth in ("parabola", "skew"):
        for lengths in (two, three):
            cases = {
                f"sd {sd:g}": Lengths(lengths=lengths, truths=(truth,), grids=(middle,), exponent=-0.3, sd=sd)
                for sd in (0.003, 0.012, 0.03)
            }
            yield Scenario(
                part=LENGTHS,
                name=f"{truth}, {len(lengths)} lengths, exponent −0.3",
                cases=cases,
                questions=(Question(asks="moves, as it does", outcome="moves"), holds),
                share=0.3,
            )
