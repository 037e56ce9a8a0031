"""Verdicts on settings: false ones, those that are found, the intervals they come from, and the settings that may be the best."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from moetui.core.science.comparison import Comparison, compare
from moetui.core.science.measure import LOSS as MEASURE
from moetui.core.science.student import z_as_t
from tests.simulations.former import holm_pairs
from tests.simulations.runs import groups
from tests.simulations.tally import Outcomes, Question, Scenario, Target
from tests.simulations.truths import LOSS, NOISES, RUN_SD, Design, Law, Numbers, Random, known, values

ERROR: Final = Target(high=0.05, seen=0.01)
PART: Final = "False verdicts between equal settings"
POWER: Final = "Verdicts that are found"
INTERVALS: Final = "Intervals, and the settings that may be the best"
LOOKS: Final = "Looking again after adding seeds"


@dataclass(frozen=True, eq=False, slots=True)
class Intervals:
    """The intervals of all pairs that hold together, row less column."""

    gap: Numbers
    half: Numbers

    @property
    def apart(self) -> npt.NDArray[np.bool_]:
        """Which pairs have a verdict."""
        return np.abs(self.gap) > self.half


def intervals(comparison: Comparison) -> Intervals:
    """The intervals of `comparison.differences`, of all pairs at once, in the order in which the groups came."""
    joint = comparison.joint
    assert joint is not None
    rows = [joint.row(i) for i in range(joint.size)]
    df = np.array([row.df for row in rows])
    half = z_as_t(comparison.critical, df) * np.array([row.error for row in rows])
    return Intervals(np.array([row.gap for row in rows]), half + np.where(np.eye(joint.size), np.inf, 0.0))


@dataclass(frozen=True, kw_only=True)
class Study:
    """Settings with `seeds` seeds each, `steps` worse than the best in units of `sd`; the first one is the best."""

    settings: int
    seeds: int
    noise: str = "equal"
    law: Law = "normal"
    design: Design = "complete"
    steps: tuple[float, ...] = ()
    sd: float = RUN_SD
    grown: bool = False
    asks: tuple[str, ...] = ("pairs",)

    @property
    def size(self) -> str:
        """Settings × seeds."""
        return f"{self.settings} × {self.seeds}"

    @property
    def name(self) -> str:
        """The study in words."""
        words = [self.size, self.noise if self.noise != "equal" else "", self.law if self.law != "normal" else ""]
        design = {"complete": "", "missing": "a fifth missing", "unshared": "seeds not shared", "own": "own seeds"}
        return ", ".join(filter(None, [*words, design[self.design], "grown" if self.grown else ""]))

    def drawn(self, random: Random) -> tuple[Numbers, Numbers]:
        """True means and values. Which setting has which noise is left to chance, as is the order of the settings."""
        worse = np.array([*self.steps, *[0.0] * (self.settings - len(self.steps))]) * self.sd
        mean = LOSS + worse - worse.min()
        sd = random.permutation(NOISES[self.noise](self.settings)) * self.sd
        order = random.permutation(self.settings)
        there = known(random, self.design, self.settings, self.seeds)
        return mean[order], values(random, mean[order], sd[order], there, self.law)

    def __call__(self, random: Random) -> Outcomes:
        """What one study shows."""
        mean, drawn = self.drawn(random)
        batches = (self.seeds - 1, self.seeds) if self.grown else ()
        comparison = compare(groups(drawn, batches), MEASURE)
        found: Outcomes = {}
        if "pairs" in self.asks:
            found |= _pairs(mean, intervals(comparison))
        if "best" in self.asks:
            found |= _best(mean, comparison, random)
        if "power" in self.asks:
            found |= _power(mean, comparison)
        if "former" in self.asks:
            told = holm_pairs(drawn)
            found |= {
                f"former {key}": value
                for key, value in _told(mean, told.gap, told.apart, int(told.gap[:, 0].argmin())).items()
            }
        return found


def _pairs(mean: Numbers, between: Intervals) -> Outcomes:
    truth = mean[:, None] - mean
    false = between.apart & (np.sign(between.gap) != np.sign(truth))
    return {"false": float(false.any()), "interval wrong": float((np.abs(between.gap - truth) > between.half).any())}


def _best(mean: Numbers, comparison: Comparison, random: Random) -> Outcomes:
    """One of the truly best ones, named beforehand, is missing; or a cost is larger than was said."""
    cost = {group.key: value for group, value in zip(comparison.judged, mean - mean.min(), strict=True)}
    best = random.choice([key for key, value in cost.items() if value == 0])
    most = {candidate.group.key: candidate.costs_at_most for candidate in comparison.candidates}
    wrong = any(cost[key] > bound + 1e-12 for key, bound in most.items())
    return {"best missing": float(best not in most), "cost wrong": float(wrong)}


def _power(mean: Numbers, comparison: Comparison) -> Outcomes:
    between = intervals(comparison)
    assert comparison.best is not None
    best = comparison.index_of(comparison.best)
    told = _told(mean, between.gap, between.apart, best)
    gap, half = between.gap[:, best], between.half[:, best]
    nearer = (gap[:, None] < gap) & between.apart[:, [best]] & ~between.apart[:, best]
    return told | {"against the interval": float((nearer & (half <= half[:, None])).any())}


def _told(mean: Numbers, gap: Numbers, apart: npt.NDArray[np.bool_], best: int) -> Outcomes:
    """The share of the truly worse settings that are called worse than the best found, and a farther one open beside a nearer."""
    worse, far = apart[:, best] & (gap[:, best] > 0), gap[:, best]
    others = np.arange(len(mean)) != best
    inverted = (far[:, None] < far) & worse[:, None] & (others & ~worse)
    truly = mean > mean.min()
    return {"found": float(worse[truly].mean()), "inversion": float(inverted.any())}


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Equal settings that get seeds until there is a verdict; the seeds of each look are queued after the one before."""

    settings: int
    looks: tuple[int, ...]
    noise: str = "equal"
    law: Law = "normal"

    def __call__(self, random: Random) -> Outcomes:
        """Whether any verdict was given at any look, by the present procedure and by the former one at its 5 % each time."""
        sd = NOISES[self.noise](self.settings) * RUN_SD
        there = known(random, "complete", self.settings, self.looks[-1])
        drawn = values(random, np.full(self.settings, LOSS), sd, there, self.law)
        seen = [drawn[:, :seeds] for seeds in self.looks]
        return {
            "false": float(any(self._any(part) for part in seen)),
            "former false": float(any(holm_pairs(part).apart.any() for part in seen)),
        }

    def _any(self, part: Numbers) -> bool:
        return bool(intervals(compare(groups(part, self.looks), MEASURE)).apart.any())


def _one(part: str, name: str, study: Study | Looks, questions: Sequence[Question], share: float = 1.0) -> Scenario:
    return Scenario(part=part, name=name, cases={"": study}, questions=tuple(questions), share=share)


FALSE: Final = Question(asks="any verdict", outcome="false", target=ERROR)
CONTRADICTION: Final = Question(
    asks="a farther one open, its interval no wider", outcome="against the interval", target=Target(high=0.0)
)

LAWS: Final[tuple[Law, ...]] = ("normal", "t3", "t5", "skewed")

NULLS: Final[tuple[Study, ...]] = (
    *(Study(settings=k, seeds=n) for k, n in ((2, 2), (2, 3), (2, 10), (3, 2), (3, 3), (5, 2), (5, 3), (5, 10))),
    *(Study(settings=k, seeds=n) for k, n in ((7, 5), (12, 2), (12, 3), (26, 2), (26, 3), (26, 10))),
    *(
        Study(settings=k, seeds=n, noise=f"one ×{factor}")
        for factor in (3, 10, 30)
        for k, n in ((2, 3), (3, 2), (3, 3), (5, 2), (5, 3), (7, 5), (12, 2), (12, 3))
        if n == 3 or factor != 3
    ),
    *(Study(settings=k, seeds=3, noise="one ×10") for k in (4, 26)),
    *(
        Study(settings=k, seeds=n, noise=noise)
        for noise in ("two ×10", "half ×10", "doubling", "ladder 0.002–0.1", "grows ×10")
        for k, n in ((5, 2), (5, 3), (8, 3), (12, 3))
        if (noise, k) != ("doubling", 12)
    ),
    *(Study(settings=k, seeds=10, noise=noise) for noise in ("one ×10", "half ×10", "doubling") for k in (5,)),
    *(Study(settings=k, seeds=n, law=law) for law in LAWS[1:] for k, n in ((2, 3), (5, 2), (5, 3), (5, 10), (12, 3))),
    *(
        Study(settings=k, seeds=n, design="unshared", noise=noise)
        for noise in ("equal", "one ×10", "half ×10")
        for k, n in ((2, 3), (5, 2), (5, 3), (12, 3))
    ),
    Study(settings=5, seeds=3, design="unshared", noise="doubling"),
    *(Study(settings=5, seeds=3, design="missing", noise=noise) for noise in ("two ×10", "doubling")),
    Study(settings=5, seeds=4, design="missing", noise="one ×10"),
    *(
        Study(settings=k, seeds=n, design="missing", noise=noise)
        for noise in ("equal", "one ×10", "half ×10")
        for k, n in ((5, 3), (7, 5), (12, 3))
    ),
    *(
        Study(settings=k, seeds=n, design="own", noise=noise)
        for noise in ("equal", "one ×10")
        for k, n in ((5, 5), (8, 4))
    ),
    *(Study(settings=k, seeds=n, grown=True) for k, n in ((5, 3), (5, 6), (12, 6))),
    *(Study(settings=k, seeds=n, grown=True, noise="one ×10") for k, n in ((5, 2), (5, 3), (5, 6))),
)

BOTH: Final = ("pairs", "best")

CLOSE: Final[tuple[Study, ...]] = (
    *(Study(settings=k, seeds=n, asks=BOTH) for k, n in ((2, 3), (5, 2), (5, 3), (5, 10), (12, 3))),
    *(Study(settings=5, seeds=3, noise=noise, asks=BOTH) for noise in ("one ×10", "half ×10", "doubling")),
    *(Study(settings=5, seeds=3, law=law, asks=BOTH) for law in LAWS[1:]),
    Study(settings=7, seeds=5, design="missing", asks=BOTH),
    Study(settings=5, seeds=3, design="unshared", asks=BOTH),
    Study(settings=2, seeds=3, steps=(0, 1), asks=BOTH),
    Study(settings=5, seeds=3, steps=(0, 0.5, 1, 2, 4), asks=BOTH),
    Study(settings=5, seeds=2, steps=(0, 1, 2, 4, 8), asks=BOTH),
    *(
        Study(settings=5, seeds=3, noise=noise, steps=(0, 1, 2, 4, 8), asks=BOTH)
        for noise in ("one ×10", "half ×10", "doubling")
    ),
    Study(settings=5, seeds=3, law="skewed", steps=(0, 1, 2, 4, 8), asks=BOTH),
    Study(settings=7, seeds=5, steps=(0, 0.5, 1, 1.5, 2, 2.5, 3), asks=BOTH),
    *(
        Study(settings=12, seeds=3, noise=noise, steps=tuple(range(12)), asks=BOTH)
        for noise in ("equal", "ladder 0.002–0.1")
    ),
)

FOUND: Final[tuple[tuple[Study, float, Target], ...]] = tuple(
    (
        Study(
            settings=k,
            seeds=n,
            noise=noise,
            steps=(0.0, *[gap / RUN_SD] * (k - 1)),
            asks=("power", "former") if k < 26 else ("power",),
        ),
        gap,
        Target(low=low) if low else Target(),
    )
    for k, n, gap, noise, low in (
        (5, 3, 0.05, "equal", 0.0),
        (5, 3, 0.10, "equal", 0.95),
        (12, 3, 0.10, "equal", 0.0),
        (12, 3, 0.20, "equal", 0.95),
        (26, 3, 0.10, "equal", 0.0),
        (5, 2, 0.10, "equal", 0.0),
        (5, 3, 0.10, "one ×10", 0.0),
    )
)

SERIES: Final = ((3, 6, 12), tuple(range(2, 11)), tuple(range(3, 11)))


def scenarios() -> Iterator[Scenario]:
    """All scenarios of this file."""
    for study in NULLS:
        yield _one(PART, study.name, study, [FALSE], share=0.4 if study.settings > 12 else 1.0)
    for study in CLOSE:
        apart = f", apart by {', '.join(f'{step:g}' for step in study.steps[:5])} sd" if study.steps else ", all equal"
        yield _one(
            INTERVALS,
            study.name + (apart if len(study.steps) <= 5 else apart + " …"),
            study,
            [
                Question(asks="any interval wrong", outcome="interval wrong", target=ERROR),
                Question(asks="the best is missing", outcome="best missing", target=ERROR),
                Question(asks="a cost is above its bound", outcome="cost wrong", target=ERROR),
            ],
            share=0.6,
        )
    for study, gap, target in FOUND:
        with_former = "former" if "former" in study.asks else ""
        yield _one(
            POWER,
            f"{study.name}, others worse by {gap:g}",
            study,
            [
                Question(asks="called worse", outcome="found", target=target, former=with_former and "former found"),
                Question(asks="a farther one open", outcome="inversion", former=with_former and "former inversion"),
                CONTRADICTION,
            ],
            share=0.3,
        )
    for looks in SERIES:
        for k, noise in ((2, "equal"), (5, "equal"), (12, "equal"), (5, "one ×10"), (5, "doubling")):
            words = ", ".join(map(str, looks)) if len(looks) == 3 else f"{looks[0]} to {looks[-1]}"
            yield _one(
                LOOKS,
                f"{k} settings{'' if noise == 'equal' else ', ' + noise}, looks at {words} seeds",
                Looks(settings=k, looks=looks, noise=noise),
                [
                    Question(
                        asks="any verdict at any look",
                        outcome="false",
                        target=Target(high=0.05, seen=0.01) if len(looks) > 3 else Target(high=0.05),
                        former="former false",
                    )
                ],
                share=0.6,
            )
