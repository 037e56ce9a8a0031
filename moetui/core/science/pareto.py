"""Which settings are worth their cost: those that no other setting beats in both."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from moetui.core.science.evidence import Evidence
from moetui.core.science.groups import Group
from moetui.core.science.measure import Measure
from moetui.core.science.questions import Cost

COSTS: Final[Mapping[Cost, Callable[[Evidence], float | None]]] = {
    "seconds": lambda run: run.seconds,
    "tokens": lambda run: run.tokens,
    "flops": lambda run: run.flops,
    "memory": lambda run: run.peak_memory,
}
"""What each cost of a run is."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A group with the mean cost of its counted runs, None where a run's is not known; `front` if nothing beats it in both."""

    group: Group
    cost: float | None
    front: bool


def priced(groups: Iterable[Group], runs: Iterable[Evidence], cost: Cost, measure: Measure) -> tuple[Priced, ...]:
    """Each group with its cost and whether it is on the Pareto front of the mean of `measure` against the cost."""
    by_id = {run.record.id: run for run in runs}
    rows = [(group, _mean_cost(group, by_id, COSTS[cost])) for group in groups]
    sign = 1.0 if measure.lower_is_better else -1.0
    points = [
        (math.nan if price is None else price, sign * group.mean if group.n else math.nan) for group, price in rows
    ]
    front = pareto_front(points)
    return tuple(Priced(group, price, index in front) for index, (group, price) in enumerate(rows))


def pareto_front(points: Sequence[tuple[float, float]]) -> frozenset[int]:
    """The indices of the points than which no other is at least as low in both and lower in one. NaN is never on the front."""
    front: set[int] = set()
    lowest, at = math.inf, math.nan
    for index in sorted(
        (i for i, point in enumerate(points) if not any(map(math.isnan, point))), key=points.__getitem__
    ):
        cost, value = points[index]
        if value < lowest or (value == lowest and cost == at):
            front.add(index)
            lowest, at = value, cost
    return frozenset(front)


def _mean_cost(group: Group, runs: Mapping[str, Evidence], of: Callable[[Evidence], float | None]) -> float | None:
    costs = [of(runs[sample.record.id]) for sample in group.counted if sample.record.id in runs]
    known = [cost for cost in costs if cost is not None]
    return statistics.fmean(known) if known and len(known) == group.n else None
