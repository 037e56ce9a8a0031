"""Where a learning rate is safe: the zone around the best one, the cliff above it, and whether the grid ends too early."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from moetui.core.science.difference import Difference
from moetui.core.science.groups import Group
from moetui.core.science.measure import Measure

Edge = Literal["", "lowest", "highest"]


@dataclass(frozen=True, slots=True)
class Point:
    """One learning rate with its runs. `within` tells whether its mean lies within the tolerance of the best.

    `against_best` is the difference from the best learning rate; None at the best itself and where nothing can be compared.
    """

    lr: float
    group: Group
    within: bool = False
    against_best: Difference | None = None

    @property
    def stable(self) -> bool:
        """Whether it has a value and none of its runs diverged."""
        return self.group.n > 0 and not self.group.diverged


@dataclass(frozen=True, slots=True)
class Zone:
    """The safe zone: neighbouring learning rates that are stable and within the tolerance."""

    low: float
    high: float

    @property
    def factor(self) -> float:
        """How many times the lowest learning rate fits into the highest."""
        return self.high / self.low


@dataclass(frozen=True, slots=True)
class Cliff:
    """Where the safe zone ends upwards: `last` is its highest learning rate, `beyond` the next one tried."""

    last: float
    beyond: float
    diverged: int
    runs: int
    excess: float | None
    """Share by which the mean at `beyond` is worse than the best; None if no run there has a value."""


def within_tolerance(value: float, best: float, tolerance: float, measure: Measure) -> bool:
    """Whether a value is at most `tolerance` (a share of the best value) worse than the best."""
    worse = value - best if measure.lower_is_better else best - value
    return worse <= tolerance * abs(best)


def safe_zone(points: Sequence[Point], best: Point) -> Zone:
    """From the best learning rate outwards as long as every tried one is stable and within the tolerance."""
    low = high = points.index(best)
    while low > 0 and _safe(points[low - 1]):
        low -= 1
    while high < len(points) - 1 and _safe(points[high + 1]):
        high += 1
    return Zone(points[low].lr, points[high].lr)


def cliff(points: Sequence[Point], best: Point, zone: Zone) -> Cliff | None:
    """The first tried learning rate above the safe zone; None if none was tried."""
    beyond = next((point for point in points if point.lr > zone.high), None)
    if beyond is None:
        return None
    group, reference = beyond.group, best.group.mean
    excess = abs(group.mean - reference) / abs(reference) if group.n and reference else None
    return Cliff(zone.high, beyond.lr, len(group.diverged), group.n + len(group.diverged), excess)


def edge(points: Sequence[Point], best: Point) -> Edge:
    """Whether the best is the lowest or highest learning rate that was tried, so that a better one may lie outside."""
    if len(points) < 2:
        return ""
    return "lowest" if best is points[0] else "highest" if best is points[-1] else ""


def _safe(point: Point) -> bool:
    return point.stable and point.within
