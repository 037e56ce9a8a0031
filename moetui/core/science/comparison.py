"""All settings of a study compared: one fit, one family of intervals, and the settings that may be the best."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from moetui.core.science import looks
from moetui.core.science.difference import Difference, adjusted_to_scale, why_unjudged
from moetui.core.science.groups import Group
from moetui.core.science.joint import LEAST, Joint
from moetui.core.science.measure import Measure
from moetui.core.science.prediction import Prediction, predict
from moetui.core.science.questions import Against, Pairing
from moetui.core.science.seeds import SeedsNeeded, seeds_needed
from moetui.core.science.simultaneous import EXACT, all_pairs, all_pairs_ps, with_one
from moetui.core.science.student import any_below, t_as_z, two_sided_p, z_as_t
from moetui.core.science.summary import NO_SPREAD

Numbers = npt.NDArray[Any]

TOLERANCE = 0.01
"""Share of the best value by which a setting may be worse without it mattering, unless the user says otherwise."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A setting that may be the best, and what choosing it costs at most (both with 95 %), in the unit of the measure."""

    group: Group
    costs_at_most: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Groups in the order of their values, and the differences asked for; each is a group minus `reference`, if there is one.

    `best` has the best value. Compared with the best, `reference` is the best of the settings that can be judged: a single run that
    lies lower is named, but nothing can be told from it.
    Every pair is judged in one family, whichever of them are shown: so a pair has the same verdict in every table.
    """

    measure: Measure
    against: Against
    groups: tuple[Group, ...]
    best: Group | None
    reference: Group | None
    judged: tuple[Group, ...]
    joint: Joint | None = field(compare=False)  # made of `judged`
    level: float
    at_once: bool
    tolerance: float = TOLERANCE

    @property
    def blocks(self) -> bool:
        """Whether what a seed does to all settings alike is taken out of every difference."""
        return self.joint is not None and self.joint.blocked

    @property
    def family(self) -> int:
        """The number of pairs whose intervals hold together."""
        return len(self.judged) * (len(self.judged) - 1) // 2

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """The differences that were asked for."""
        if self.against != "all":
            return tuple(self.against_one(self.groups, self.reference)) if self.reference else ()
        return tuple(
            one for index, first in enumerate(self.groups) for one in self.against_one(self.groups[index + 1 :], first)
        )

    @property
    def critical(self) -> float:
        """The critical value of all pairs, on the normal scale; each pair's own degrees of freedom turn it into a t."""
        return all_pairs(max(len(self.judged), 2), self.level)

    def is_judged(self, group: Group) -> bool:
        """Whether there is a verdict on a group."""
        return group.key in self._index

    def index_of(self, group: Group) -> int:
        """The index in `joint` of a group that is judged."""
        return self._index[group.key]

    def of(self, group: Group) -> Difference | None:
        """The difference between a group and the reference."""
        return None if self.reference is None else self._with_reference.get(group.key)

    def between(self, first: Group, second: Group) -> Difference:
        """The difference between any two groups of this comparison."""
        return next(self.against_one([first], second))

    def against_one(self, groups: Sequence[Group], second: Group) -> Iterator[Difference]:
        """The differences of groups of this comparison from one of them, which is passed over."""
        others = [group for group in groups if group.key != second.key]
        judged = [group for group in others if group.key in self._index] if second.key in self._index else []
        tested = {group.key: facts for group, facts in zip(judged, self._tested(judged, second), strict=True)}
        beyond = why_unjudged(second)
        for first in others:
            facts: dict[str, Any] = {"first": first, "second": second, "measure": self.measure}
            if first.n and second.n:
                facts["estimate"] = first.mean - second.mean
            if first.key in tested:
                yield Difference(**facts | tested[first.key])
            else:
                reason = why_unjudged(first) or f"{beyond} on the other side"
                yield Difference(**facts, reason=reason, prediction=self._prediction(first, second))

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """The settings that may be the best of those with a verdict, the best first; see `may_be_best`."""
        return self.may_be_best(self.judged)

    def may_be_best(self, among: Sequence[Group]) -> tuple[Candidate, ...]:
        """Which of these settings may be the best of them: the truly best one is missing with a probability of at most 5 %.

        Comparisons with the best (Hsu 1984; Edwards and Hsu 1983), from the fit and at the level of the verdicts: a setting that
        is worse than another one by these is not among them.
        """
        indices = [self._index[group.key] for group in among if group.key in self._index]
        if self.joint is None or not indices:
            return ()
        if len(indices) == 1:
            return (Candidate(self.judged[indices[0]], 0.0),)
        at = np.array(indices)
        sign = 1.0 if self.measure.lower_is_better else -1.0
        value, variance = sign * self.joint.mean, self.joint.variance
        # What lies too far behind the one with the best value is not looked at again.
        best = int(at[np.argmin(value[at])])
        row = self.joint.row(best, at)
        some = at[t_as_z(sign * row.gap / np.where(at == best, 1.0, row.error), row.df) >= -self.critical]
        others = np.array([at[at != b] for b in some]) if len(at) - 1 <= EXACT else at[None, 1:]
        critical = np.zeros(self.joint.size)
        critical[some] = with_one(variance[some], variance[others], self.level)
        held = [
            part[~any_below(-sign * rows.gap / rows.error, rows.df, -critical[part, None])]
            for part, rows in self.joint.blocks(some, at)
        ]
        found = np.concatenate(held)
        found = found[np.argsort(value[found], kind="stable")]
        costs = np.zeros(len(found))
        for part, rows in self.joint.blocks(found, found):
            for b, behind, error, df in zip(part.tolist(), sign * rows.gap, rows.error, rows.df, strict=True):
                # The largest t that there may be tells which costs can rise at all: after the first few settings, hardly any.
                most = z_as_t(critical[b], df.min())
                rises = (most * error - behind > costs) & (found != b)
                reach = z_as_t(critical[b], df[rises]) * error[rises] - behind[rises]
                costs[rises] = np.maximum(costs[rises], reach)
        return tuple(Candidate(self.judged[b], cost) for b, cost in zip(found.tolist(), costs.tolist(), strict=True))

    @cached_property
    def seeds_needed(self) -> SeedsNeeded | None:
        """Seeds that would find a difference of the tolerance between two settings."""
        if self.joint is None or self.best is None:
            return None
        size = self.tolerance * abs(self.best.mean)
        most = max(group.n for group in self.judged)
        return seeds_needed(
            size,
            self.joint.sd,
            self.joint.residual_df,
            settings=len(self.judged),
            queued_at_once=most if self.at_once else 0,
        )

    @cached_property
    def by_key(self) -> Mapping[str, Group]:
        """The groups by their keys."""
        return {group.key: group for group in self.groups}

    @cached_property
    def _with_reference(self) -> Mapping[str, Difference]:
        return {one.first.key: one for one in self.differences}

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {group.key: index for index, group in enumerate(self.judged)}

    @cached_property
    def _singles(self) -> int:
        """The single runs that are held against the noise of a setting."""
        return max(1, sum(group.n == 1 and _can_be_best(group) for group in self.groups))

    def _prediction(self, first: Group, second: Group) -> Prediction | None:
        for group, single in ((first, second), (second, first)):
            if single.n == 1 and _can_be_best(single) and not why_unjudged(group):
                return predict(group, single.mean, runs=self._singles)
        return None

    def _tested(self, groups: Sequence[Group], second: Group) -> Iterator[dict[str, Any]]:
        """What the tests of these groups, all of them judged, against another one say."""
        if self.joint is None or not groups:
            return
        j, at = self._index[second.key], np.array([self._index[group.key] for group in groups])
        row = self.joint.row(j, at)
        t = -row.gap / np.maximum(row.error, LEAST)
        halves = z_as_t(self.critical, row.df) * row.error
        p = all_pairs_ps(np.abs(t_as_z(t, row.df)), len(self.judged))
        sd, largest = self.joint.sd, max(map(abs, second.values))
        columns = (at, -row.gap, row.error, halves, row.df, two_sided_p(t, row.df), p)
        for group, i, estimate, error, half, df, alone, together in zip(
            groups, *(column.tolist() for column in columns), strict=True
        ):
            method = "seeds as blocks" if self.joint.is_blocked(i, j) else "unpaired"
            facts: dict[str, Any] = {"method": method, "estimate": estimate}
            if error <= NO_SPREAD * max(largest, *map(abs, group.values)):
                yield facts | {"reason": "no spread between the seeds, so their noise is not known"}
                continue
            yield facts | {
                "low": estimate - half,
                "high": estimate + half,
                "df": df,
                "p": alone,
                "p_adjusted": adjusted_to_scale(together, self.level),
                "effect": estimate / sd,
            }


def compare(
    groups: Sequence[Group],
    measure: Measure,
    *,
    against: Against = "best",
    pairing: Pairing = "auto",
    tolerance: float = TOLERANCE,
) -> Comparison:
    """Compare groups with the best of them, with the first, or all with each other; `against` chooses what is shown.

    All pairs are tested as one family by Tukey's range on the joint fit (Games and Howell 1976), at the level of `looks`.
    """
    judged = [group for group in groups if not why_unjudged(group)]
    at_once = all(map(looks.planned_at_once, judged))
    joint = Joint([_by_seed(group, index) for index, group in enumerate(judged)], pairing) if judged else None
    values = {group.key: group.mean for group in groups if group.n}
    if joint is not None:
        values |= dict(zip((group.key for group in judged), joint.mean.tolist(), strict=True))
    sign = 1 if measure.lower_is_better else -1
    ordered = sorted(
        groups, key=lambda group: (not _can_be_best(group), not group.n, sign * values.get(group.key, 0.0))
    )
    best = next(filter(_can_be_best, ordered), None)
    known = {group.key for group in judged}
    best_judged = next((group for group in ordered if group.key in known), best)
    first = next(iter(groups), None)
    return Comparison(
        measure=measure,
        against=against,
        groups=tuple(ordered),
        best=best,
        reference={"best": best_judged, "first": first if first and _can_be_best(first) else None, "all": None}[
            against
        ],
        judged=tuple(judged),
        joint=joint,
        level=looks.level(judged, at_once=at_once),
        at_once=at_once,
        tolerance=tolerance,
    )


def _can_be_best(group: Group) -> bool:
    """Whether a setting has a value that stands for it: a run that diverged is part of its result, and a mixture is no setting."""
    return group.n > 0 and not group.diverged and len(group.rates) < 2


def best_group(candidates: Iterable[Group], measure: Measure) -> Group | None:
    """The group with the best value, as `compare` finds it; one of which a run diverged is never the best."""
    return compare(list(candidates), measure).best


def _by_seed(group: Group, index: int) -> dict[Hashable, float]:
    """The values of a group by seed; a run without a seed shares it with nobody."""
    values: dict[Hashable, float] = {}
    for place, sample in enumerate(group.counted):
        seed = sample.record.seed
        key = (index, place) if seed is None or seed in values else seed
        values[key] = sample.value if sample.value is not None else 0.0
    return values
