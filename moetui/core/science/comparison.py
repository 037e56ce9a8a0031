"""All settings of a study compared: one fit, one family of intervals, and the settings that may be the best."""

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from moetui.core.science import looks
from moetui.core.science.difference import Difference, Pairing, adjusted_to_scale, why_unjudged
from moetui.core.science.groups import Group
from moetui.core.science.joint import Joint
from moetui.core.science.measure import Measure
from moetui.core.science.prediction import Prediction, predict
from moetui.core.science.seeds import SeedsNeeded, seeds_needed
from moetui.core.science.simultaneous import all_pairs, all_pairs_p, with_one
from moetui.core.science.student import any_below, t_as_z, two_sided_p, z_as_t
from moetui.core.science.summary import NO_SPREAD

Against = Literal["best", "first", "all"]
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
        if self.against == "all":
            pairs = [(second, first) for first, second in itertools.combinations(self.groups, 2)]
        else:
            pairs = [(group, self.reference) for group in self.groups if self.reference and group is not self.reference]
        return tuple(self.between(a, b) for a, b in pairs)

    @property
    def critical(self) -> float:
        """The critical value of all pairs, on the normal scale; each pair's own degrees of freedom turn it into a t."""
        return all_pairs(max(len(self.judged), 2), self.level)

    def index_of(self, group: Group) -> int:
        """The index in `joint` of a group that is judged."""
        return self._index[group.key]

    def of(self, group: Group) -> Difference | None:
        """The difference between a group and the reference."""
        if self.reference is None or group.key == self.reference.key or group.key not in self._known:
            return None
        return self.between(group, self.reference)

    def between(self, first: Group, second: Group) -> Difference:
        """The difference between any two groups of this comparison."""
        facts: dict[str, Any] = {"first": first, "second": second, "measure": self.measure}
        reason = why_unjudged(first)
        if not reason and (other := why_unjudged(second)):
            reason = f"{other} on the other side"
        if first.n and second.n:
            facts["estimate"] = first.mean - second.mean
        if reason:
            return Difference(**facts, reason=reason, prediction=self._prediction(first, second))
        return Difference(**facts | self._tested(first, second))

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
        reach: dict[int, dict[int, float]] = {}
        for b in self._plausible(at, sign):
            others = at[at != b]
            row = self.joint.row(int(b))
            q = with_one(variance[[b]], variance[others][None], self.level)[0]
            gap, error, df = -sign * row.gap[others], row.error[others], row.df[others]
            if not any_below(gap / error, df, -q):
                reach[int(b)] = dict(zip(others.tolist(), (gap + z_as_t(q, df) * error).tolist(), strict=True))
        found = []
        for b in sorted(reach, key=lambda b: float(value[b])):
            cost = max((bounds[b] for other, bounds in reach.items() if other != b), default=0.0)
            found.append(Candidate(self.judged[b], max(0.0, cost)))
        return tuple(found)

    def _plausible(self, at: Numbers, sign: float) -> Iterator[int]:
        """The indices of the settings that none of these is better than by the verdicts."""
        assert self.joint is not None
        best = at[np.argmin(sign * self.joint.mean[at])]
        row = self.joint.row(int(best))
        behind = t_as_z(sign * row.gap[at] / np.where(at == best, 1.0, row.error[at]), row.df[at])
        for b in at[behind >= -self.critical]:
            row = self.joint.row(int(b))
            others = at[at != b]
            if not any_below(-sign * row.gap[others] / row.error[others], row.df[others], -self.critical):
                yield int(b)

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
    def _known(self) -> frozenset[str]:
        return frozenset(group.key for group in self.groups)

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

    def _tested(self, first: Group, second: Group) -> dict[str, Any]:
        assert self.joint is not None
        i, j = self._index[first.key], self._index[second.key]
        row = self.joint.row(j)
        estimate, error, df = -float(row.gap[i]), float(row.error[i]), float(row.df[i])
        size = max(map(abs, (*first.values, *second.values)))
        method = "seeds as blocks" if self.joint.is_blocked(i, j) else "unpaired"
        facts: dict[str, Any] = {"method": method, "estimate": estimate}
        if error <= NO_SPREAD * size:
            return facts | {"reason": "no spread between the seeds, so their noise is not known"}
        settings = len(self.judged)
        half = float(z_as_t(self.critical, row.df[[i]])[0]) * error
        z = abs(float(t_as_z(np.array([estimate / error]), row.df[[i]])[0]))
        return facts | {
            "low": estimate - half,
            "high": estimate + half,
            "df": df,
            "p": two_sided_p(estimate / error, df),
            "p_adjusted": adjusted_to_scale(all_pairs_p(z, settings), self.level),
            "effect": estimate / self.joint.sd,
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
        level=looks.level(judged),
        at_once=all(map(looks.planned_at_once, judged)),
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
