"""Several groups compared with one of them, or each with each, without finding too much by looking often."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from moetui.core.science.difference import Difference, Pairing, difference, in_family
from moetui.core.science.groups import Group, best_group
from moetui.core.science.measure import Measure

Against = Literal["best", "first", "all"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Groups in the order of their means, and the differences asked for; each is a group minus `reference`, if there is one.

    `family` is the number of tests that Holm's correction was made for.
    """

    measure: Measure
    against: Against
    groups: tuple[Group, ...]
    reference: Group | None
    differences: tuple[Difference, ...]
    family: int

    def of(self, group: Group) -> Difference | None:
        """The difference between a group and the reference."""
        return next((one for one in self.differences if one.first is group and one.second is self.reference), None)


def compare(
    groups: Sequence[Group], measure: Measure, *, against: Against = "best", pairing: Pairing = "auto"
) -> Comparison:
    """Compare groups with the best of them, with the first, or all with each other.

    Which group is best is decided by the same numbers, so comparisons with it are corrected as if all pairs had been looked at;
    comparisons with a group that was named beforehand are corrected for their own number.
    """
    ordered = _ordered(groups, measure)
    reference = {"best": best_group(groups, measure), "first": next(iter(groups), None), "all": None}[against]
    if against == "first":
        pairs = [(group, reference) for group in ordered if reference is not None and group is not reference]
    else:
        pairs = [(second, first) for first, second in itertools.combinations(ordered, 2)]
    pairs = [(b, a) if a is reference else (a, b) for a, b in pairs]
    family = corrected([difference(a, b, measure, pairing=pairing) for a, b in pairs])
    shown = [one for one in family if reference is None or one.second is reference]
    return Comparison(measure, against, ordered, reference, tuple(shown), sum(one.p is not None for one in family))


def corrected(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """The differences as one family: Holm's p over all of them that have a p."""
    adjusted = holm([one.p for one in differences if one.p is not None])
    each = iter(adjusted)
    return tuple(one if one.p is None else in_family(one, next(each), len(adjusted)) for one in differences)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values that keep the chance of any false finding at the level they are held against (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _ordered(groups: Sequence[Group], measure: Measure) -> tuple[Group, ...]:
    sign = 1 if measure.lower_is_better else -1
    return tuple(sorted(groups, key=lambda group: (group.n == 0, sign * group.mean if group.n else 0.0)))
