"""Racing: which settings of a study need no further seeds, because by now they cannot be the best.

After each round, when every setting still in the race has one seed more, those that another one is better than leave it. The
test is that of the verdicts (`Comparison.may_be_best`: Hsu's comparisons with the best on the joint fit, each setting with its
own noise), among the settings still in the race. The rounds' levels add up to 5 % over ever so many seeds, so the bound holds at
any time: whoever stops a race, or adds seeds to it, at whatever moment and for whatever reason, has lost the best setting with at
most that probability (a union bound over the rounds, as in the races of Maron and Moore 1994).

A setting of which a run diverged leaves at once: it is never called the best.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from moetui.core.science.comparison import compare
from moetui.core.science.groups import Group, Sample
from moetui.core.science.measure import Measure

ERROR: Final = 0.05
"""Probability that the best setting leaves a race, over all its rounds."""
FIRST: Final = {2: 0.01, 3: 0.015}
"""What the first rounds spend of it: two seeds tell too little of unequal noise."""


@dataclass(frozen=True, slots=True)
class Left:
    """A setting that has left the race: its key, after how many seeds (0: a run diverged), its mean and the best one then."""

    key: str
    seeds: int
    mean: float = 0.0
    best: float = 0.0

    @property
    def reason(self) -> str:
        """Why, for people."""
        if not self.seeds:
            return "left the race: a run of its setting diverged"
        return (
            f"left the race after {self.seeds} seeds: mean loss {self.mean:.4f} of its setting, {self.best:.4f} of the best; "
            f"it cannot be the best (level {level(self.seeds):.2g})"
        )


def level(seeds: int) -> float:
    """The level of the round with so many seeds; those of all rounds from two seeds on add up to `ERROR`."""
    if seeds in FIRST:
        return FIRST[seeds]
    return (ERROR - sum(FIRST.values())) / ((seeds - 3) * (seeds - 2))  # 1/(1·2) + 1/(2·3) + … = 1


def race(groups: Sequence[Group], seeds: Iterable[int], measure: Measure) -> tuple[Left, ...]:
    """The settings that have left a race over these seeds by what is known now, in the order in which they left.

    A round takes place when all settings in the race have a value for as many of the seeds, in their order; so it does not matter
    when it is asked for, nor what is known of later seeds or of settings that have left.
    """
    return tuple(_leaving(groups, sorted(set(seeds)), measure))


def _leaving(groups: Sequence[Group], seeds: Sequence[int], measure: Measure) -> Iterator[Left]:
    racing = {group.key: _by_seed(group) for group in groups}
    of = {group.key: group for group in groups}
    for round_, _ in enumerate(seeds, start=1):
        known = seeds[:round_]
        for key in [
            key for key, values in racing.items() if any(values[seed].diverged for seed in values if seed in known)
        ]:
            del racing[key]
            yield Left(key, 0)
        if len(racing) < 2 or not all(set(known) <= values.keys() for values in racing.values()):
            return
        if round_ < 2:
            continue
        sections = [Group(key, of[key].label, tuple(values[seed] for seed in known)) for key, values in racing.items()]
        compared = replace(compare(sections, measure), level=level(round_))
        kept = {one.group.key for one in compared.may_be_best(compared.judged)}
        judged = {group.key: group for group in compared.judged}
        if not kept:
            continue
        best = min((judged[key].mean for key in kept), key=lambda mean: mean if measure.lower_is_better else -mean)
        for key in [key for key in racing if key in judged and key not in kept]:
            del racing[key]
            yield Left(key, round_, judged[key].mean, best)


def _by_seed(group: Group) -> Mapping[int, Sample]:
    """The runs of a setting that have come to a result, by seed."""
    return {
        one.record.seed: one
        for one in group.samples
        if one.record.seed is not None and (one.value is not None or one.diverged)
    }
