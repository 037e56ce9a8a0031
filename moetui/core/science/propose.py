"""What to run next, from the response so far: further out, closer in, or the same again with more seeds."""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from moetui.core.science.response import Response
from moetui.core.science.zones import Point

SEEDS = 3
"""Seeds per learning rate that give a first verdict."""
FINE = 1.2
"""Neighbours closer than this factor are not zoomed into."""
STRIDE = (1.5, math.sqrt(10))
"""The least and the largest factor from one learning rate to the next when a grid is extended."""


@dataclass(frozen=True, slots=True)
class Step:
    """Learning rates to run with `seeds` seeds each in all (those that were run already count), and why."""

    kind: Literal["extend", "zoom", "seeds"]
    lrs: tuple[float, ...]
    seeds: int
    why: str


def propose(response: Response) -> tuple[Step, ...]:
    """The next steps, the most useful first; none if the best learning rate is known as well as the grid can tell.

    A grid whose best is at its edge is extended; else the gaps around the best are halved, until they are narrower than a
    factor of 1.2. Learning rates that cannot be told from the best get the seeds that would decide them, but at most twice
    as many as they have, as the first seeds tell little of how many it takes.
    """
    if response.best is None:
        return ()
    steps = [_extend(response) if response.edge else _zoom(response), *_more_seeds(response)]
    return tuple(step for step in steps if step is not None)


def _extend(response: Response) -> Step | None:
    lrs = [point.lr for point in response.points]
    if response.edge == "lowest":
        stride = 1 / _stride(lrs[1] / lrs[0])
        start = lrs[0]
    else:
        stride = _stride(lrs[-1] / lrs[-2])
        start = lrs[-1]
    new = tuple(_rounded(start * stride**power) for power in (1, 2))
    return Step("extend", tuple(sorted(new)), _seeds(response), f"the best learning rate is the {response.edge} tried")


def _zoom(response: Response) -> Step | None:
    assert response.best is not None
    lrs = [point.lr for point in response.points]
    at = lrs.index(response.best.lr)
    around = lrs[max(at - 1, 0) : at + 2]
    middles = [math.sqrt(a * b) for a, b in itertools.pairwise(around) if b / a > FINE]
    if response.optimum and response.optimum.fitted:
        middles.append(response.optimum.lr)
    new = _apart(map(_rounded, middles), lrs)
    if not new:
        return None
    return Step("zoom", new, _seeds(response), f"between the neighbours of the best, {response.best.lr:g}")


def _more_seeds(response: Response) -> Iterable[Step]:
    single = tuple(point.lr for point in response.undecided if point.within)
    if single:
        yield Step("seeds", single, SEEDS, "one seed tells nothing of the noise")
    wanted = {point.lr: _needed(point) for point in response.candidates}
    short = {lr: seeds for lr, seeds in wanted.items() if seeds}
    if short and response.best:
        lrs = tuple(sorted({response.best.lr, *short}))
        yield Step("seeds", lrs, max(short.values()), "not distinguishable from the best with the seeds so far")


def _needed(point: Point) -> int:
    """Seeds that would decide this learning rate, at most twice those it has; 0 if it has as many or none would do."""
    seen = point.against_best
    seeds = min((seen.seeds_needed if seen else None) or 0, 2 * point.group.n)
    return seeds if seeds > point.group.n else 0


def _seeds(response: Response) -> int:
    """As many seeds as the best learning rate has."""
    return max(1, response.best.group.n) if response.best else 1


def _stride(factor: float) -> float:
    return min(max(factor, STRIDE[0]), STRIDE[1])


def _apart(candidates: Iterable[float], taken: Iterable[float]) -> tuple[float, ...]:
    """The candidates that are no nearer than √1.2 to what is there or to each other."""
    kept: list[float] = []
    for lr in candidates:
        if all(abs(math.log(lr / other)) > 0.5 * math.log(FINE) for other in (*taken, *kept)):
            kept.append(lr)
    return tuple(sorted(kept))


def _rounded(lr: float) -> float:
    return float(f"{lr:.2g}")
