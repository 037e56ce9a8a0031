"""Where a learning rate is safe: three classes that know the noise, the cliff where runs diverged, and the edges of the grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from moetui.core.science.difference import Difference
from moetui.core.science.groups import Group

Edge = Literal["", "lowest", "highest"]
Safety = Literal["safe", "open", "beyond", ""]
"""`safe`: within the tolerance of the best with 95 %; `beyond`: outside of it with 95 %, or a run diverged; `open`: the runs do not
tell; empty: no verdict, as with a single run."""


@dataclass(frozen=True, slots=True)
class Point:
    """One learning rate with its runs, its safety, and whether it may be the best with 95 % (None without a verdict).

    `against_best` is the difference from the best learning rate that can be judged; None at that one itself.
    """

    lr: float
    group: Group
    safety: Safety = ""
    may_be_best: bool | None = None
    against_best: Difference | None = None

    @property
    def stable(self) -> bool:
        """Whether it has a value and none of its runs diverged."""
        return self.group.n > 0 and not self.group.diverged

    @property
    def runs(self) -> int:
        """The runs that came to a result."""
        return self.group.n + len(self.group.diverged)


@dataclass(frozen=True, slots=True)
class Zone:
    """Neighbouring learning rates that are safe, from the lowest to the highest."""

    low: float
    high: float

    @property
    def factor(self) -> float:
        """How many times the lowest learning rate fits into the highest."""
        return self.high / self.low


@dataclass(frozen=True, slots=True)
class Cliff:
    """Where runs begin to diverge: `beyond` is the lowest learning rate above the best at which one did, `last` the one below it.

    `could_be` is the share of runs that may diverge at `last` all the same, as far as its `last_runs` runs tell (95 %).
    """

    last: float
    beyond: float
    diverged: int
    runs: int
    last_runs: int
    could_be: float


def safe_zone(points: Sequence[Point], best: Point) -> Zone | None:
    """The safe learning rates next to each other around the best one; None where none is shown to be safe."""
    safe = [index for index, point in enumerate(points) if point.safety == "safe"]
    if not safe:
        return None
    at = points.index(best)
    low = high = min(safe, key=lambda index: abs(index - at))
    while low > 0 and points[low - 1].safety == "safe":
        low -= 1
    while high < len(points) - 1 and points[high + 1].safety == "safe":
        high += 1
    return Zone(points[low].lr, points[high].lr)


def cliff(points: Sequence[Point], best: Point | None) -> Cliff | None:
    """The cliff above the best learning rate; None if no run diverged there, at every learning rate, or with one run each."""
    start = points.index(best) if best else 0
    for before, point in zip(points[start:], points[start + 1 :], strict=False):
        if point.group.diverged and before.stable and max(point.runs, before.runs) > 1:
            could_be = 1 - 0.05 ** (1 / before.group.n)  # Clopper and Pearson (1934), none of n seen
            return Cliff(before.lr, point.lr, len(point.group.diverged), point.runs, before.group.n, could_be)
    return None


def edge(points: Sequence[Point], best: Point) -> Edge:
    """Whether the best is the lowest or highest learning rate that trained, so that a better one may lie outside.

    Above it, a learning rate at which runs diverged is where the grid ends by itself, not too early; below it likewise.
    """
    at = points.index(best)
    if len(points) < 2:
        return ""
    if at == 0:
        return "lowest"
    return "highest" if at == len(points) - 1 else ""
