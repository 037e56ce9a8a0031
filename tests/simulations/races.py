"""Races of settings, watched after every seed: how often the best one leaves, and how many runs are saved."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from moetui.core.science.groups import Group
from moetui.core.science.measure import LOSS as MEASURE
from moetui.core.science.racing import race
from tests.simulations.runs import groups
from tests.simulations.tally import Outcomes, Question, Scenario, Target
from tests.simulations.truths import Numbers, Random
from tests.simulations.verdicts import Study

PART: Final = "Races: the best setting leaves at any round"

Leaving = dict[str, int]
"""The settings that leave, and after how many seeds."""


def by_race(found: Sequence[Group]) -> Leaving:
    """What `study --race` does."""
    return {one.key: max(one.seeds, 1) for one in race(found, range(_seeds(found)), MEASURE)}


def by_median(found: Sequence[Group]) -> Leaving:
    """After each seed from the second on, a setting leaves whose mean is above the median of the others' means."""
    left: Leaving = {}
    for seeds in range(2, _seeds(found) + 1):
        means = {one.key: statistics.fmean(one.values[: left.get(one.key, seeds)]) for one in found}
        for key in means.keys() - left.keys():
            if means[key] > statistics.median(value for other, value in means.items() if other != key):
                left[key] = seeds
    return left


def by_halves(found: Sequence[Group]) -> Leaving:
    """Successive halving (Jamieson and Talwalkar 2016): after 1, 2, 4, … seeds the better half goes on."""
    left: Leaving = {}
    seeds = 1
    while seeds <= _seeds(found) and len(found) - len(left) > 1:
        means = {one.key: statistics.fmean(one.values[:seeds]) for one in found if one.key not in left}
        worst = sorted(means, key=means.__getitem__)[-(-len(means) // 2) :]
        left |= dict.fromkeys(worst, seeds)
        seeds *= 2
    return left


def saved(found: Sequence[Group], left: Leaving) -> float:
    """The share of the runs that are not trained."""
    seeds = _seeds(found)
    return sum(seeds - left[key] for key in left) / (seeds * len(found))


def _seeds(found: Sequence[Group]) -> int:
    return min(group.n for group in found)


RULES: Final = {"race": by_race, "median": by_median, "halving": by_halves}


@dataclass(frozen=True, kw_only=True)
class Race:
    """A race of the settings of a study."""

    study: Study

    def __call__(self, random: Random) -> Outcomes:
        """Whether the best one, named beforehand among equals, has left; and what was saved."""
        mean, drawn = self.study.drawn(random)
        found = groups(drawn)
        best = found[int(random.choice(_places(mean)))].key
        told: Outcomes = {}
        for name, rule in RULES.items():
            left = rule(found)
            told |= {f"{name} lost": float(best in left), f"{name} saved": saved(found, left)}
        return told


def _places(mean: Numbers) -> list[int]:
    return [place for place, value in enumerate(mean) if value == mean.min()]


def scenarios() -> Iterator[Scenario]:
    """Equal settings, steps, unequal noise; up to eight seeds, looked at after each."""
    steps = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    studies = {
        "7 × 8, all equal": (Study(settings=7, seeds=8),),
        "2 × 8, all equal": (Study(settings=2, seeds=8),),
        "12 × 5, all equal": (Study(settings=12, seeds=5),),
        "7 × 8, apart by 0, 1, 2, 4, 8 sd …": (Study(settings=7, seeds=8, steps=steps),),
        "7 × 4, apart by 0, 1, 2, 4, 8 sd …": (Study(settings=7, seeds=4, steps=steps),),
        "unequal noise, all equal": tuple(
            Study(settings=7, seeds=8, noise=kind) for kind in ("one ×3", "one ×10", "doubling", "grows ×10")
        ),
        "unequal noise, apart by 0, 1, 2, 4, 8 sd …": tuple(
            Study(settings=7, seeds=8, noise=kind, steps=steps)
            for kind in ("one ×3", "one ×10", "doubling", "grows ×10")
        ),
        "heavy tails, all equal": (Study(settings=7, seeds=8, law="t3"), Study(settings=7, seeds=8, law="skewed")),
    }
    for name, kinds in studies.items():
        yield Scenario(
            part=PART,
            name=name,
            cases={one.name: Race(study=one) for one in kinds} if len(kinds) > 1 else {"": Race(study=kinds[0])},
            questions=(
                Question(asks="the best leaves", outcome="race lost", target=Target(high=0.05)),
                Question(asks="the best leaves, median rule", outcome="median lost"),
                Question(asks="the best leaves, successive halving", outcome="halving lost"),
                Question(asks="runs saved", outcome="race saved"),
                Question(asks="runs saved, median rule", outcome="median saved"),
                Question(asks="runs saved, successive halving", outcome="halving saved"),
            ),
            share=0.6,
        )
