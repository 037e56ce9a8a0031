"""What to run next, from the response so far: further out, closer in, or the same again with more seeds."""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from moetui.core.science.response import Response

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

    A grid is extended where the best may lie beyond it, and downwards where runs diverged at every learning rate. Else the gaps
    are halved inside of what is known of the best, until they are narrower than a factor of 1.2. Learning rates that may all be
    the best get more seeds, at most twice as many, unless taking any of them costs less than the tolerance.
    """
    if not response.points:
        return ()
    if response.best is None:
        return (_down(response),)
    inward = () if response.edge else _zoom(response)
    return tuple(itertools.chain(_extend(response), inward, _more_seeds(response)))


def _down(response: Response) -> Step:
    """Two steps below the lowest learning rate, as runs diverged at all of them."""
    lrs = sorted({point.lr for point in response.points})
    stride = _stride(lrs[1] / lrs[0]) if len(lrs) > 1 else STRIDE[1]
    new = tuple(_rounded(lrs[0] / stride**power) for power in (2, 1))
    seeds = max(point.runs for point in response.points)
    return Step("extend", new, seeds, "runs diverged at every learning rate tried")


def _extend(response: Response) -> Iterator[Step]:
    lrs = sorted({point.lr for point in response.points})
    bracket = response.optimum.bracket if response.optimum else None
    if len(lrs) < 2 or response.best is None:
        return
    at_end = {"lowest": response.edge == "lowest", "highest": response.edge == "highest"}
    may_lie = {
        "lowest": bracket is not None and bracket.low is None and response.best.lr != lrs[0],
        "highest": bracket is not None and bracket.high is None and response.best.lr != lrs[-1],
    }
    for end, start, stride in (
        ("lowest", lrs[0], 1 / _stride(lrs[1] / lrs[0])),
        ("highest", lrs[-1], _stride(lrs[-1] / lrs[-2])),
    ):
        if at_end[end]:
            new = sorted(_rounded(start * stride**power) for power in (1, 2))
            yield Step("extend", tuple(new), _seeds(response), f"the best learning rate is the {end} tried")
        elif may_lie[end]:
            yield Step(
                "extend",
                (_rounded(start * stride),),
                _seeds(response),
                f"the {end} learning rate tried may be the best",
            )


def _zoom(response: Response) -> Iterator[Step]:
    """The middles of gaps that lie inside of what is stated of the best, and the fitted best."""
    optimum, best = response.optimum, response.best
    assert best is not None
    lrs = sorted({point.lr for point in response.points})
    low, high = optimum.stated if optimum else (None, None)
    around = set(optimum.valleys if optimum and optimum.valleys else (best.lr,))
    near = [pair for pair in itertools.pairwise(lrs) if around & set(pair)]
    if low is not None and high is not None:
        near = [(a, b) for a, b in itertools.pairwise(lrs) if low <= math.sqrt(a * b) <= high]
    middles = [math.sqrt(a * b) for a, b in near if b / a > FINE]
    if optimum and optimum.fitted:
        middles.insert(0, optimum.lr)
    if new := _apart(map(_rounded, middles), lrs):
        where = _where(low, high) or f"between the neighbours of {' and '.join(f'{lr:g}' for lr in sorted(around))}"
        yield Step("zoom", new, _seeds(response), where)


def _where(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"the best lies between {low:.3g} and {high:.3g}"


def _more_seeds(response: Response) -> Iterator[Step]:
    best = response.best
    assert best is not None
    if single := _single(response):
        yield Step("seeds", single, SEEDS, "one seed tells nothing of the noise")
    candidates = response.candidates
    needed = response.comparison.seeds_needed
    if len(candidates) < 2 or needed is None or candidates[0].costs_at_most <= needed.difference:
        return
    most = max(candidate.group.n for candidate in candidates)
    seeds = min(needed.many or 2 * most, 2 * most)
    if seeds > min(candidate.group.n for candidate in candidates):
        lrs = {point.lr for point in response.points if point.may_be_best}
        yield Step("seeds", tuple(sorted(lrs)), seeds, "each of them may be the best with the seeds so far")


def _single(response: Response) -> tuple[float, ...]:
    """The best learning rate and its neighbours, as far as each has one run."""
    points = [point for point in response.points if point.stable]
    at = next(index for index, point in enumerate(points) if point is response.best)
    return tuple(sorted({point.lr for point in points[max(at - 1, 0) : at + 2] if point.group.n == 1}))


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
