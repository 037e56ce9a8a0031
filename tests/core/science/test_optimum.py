"""Where the best learning rate lies."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moetui.core.science.optimum import Bracket, Curve, Optimum, find_optimum

GRID = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)


def curve(
    lrs: Sequence[float],
    values: Sequence[float],
    *,
    sd: float = 0.001,
    may: Sequence[int] | None = None,
    diverged: Sequence[float] = (),
) -> Curve:
    """Means without noise, whose noise is known; by default the lowest alone may be the best."""
    mean = np.array(values, dtype=np.float64)
    best = np.zeros(len(mean), dtype=np.bool_)
    best[[int(mean.argmin())] if may is None else list(may)] = True
    return Curve(
        lrs=tuple(lrs),
        mean=mean,
        variance=np.full(len(mean), sd**2 / 3),
        df=np.full(len(mean), 3.0),
        may_be_best=best,
        diverged=diverged,
    )


def bowl(best: float, *, below: float = 0.25, above: float = 0.25) -> Callable[[float], float]:
    def value(lr: float) -> float:
        d = math.log(lr / best)
        return 4.5 + (below if d < 0 else above) * d * d

    return value


def over(lrs: Sequence[float], loss: Callable[[float], float], sd: float = 0.001) -> Optimum:
    return find_optimum(curve(lrs, [loss(lr) for lr in lrs], sd=sd))


@given(st.floats(0.026, 0.083), st.floats(0.05, 10))
def test_the_lowest_point_of_a_parabola_is_found(best: float, half: float) -> None:
    found = over(GRID, bowl(best, below=half, above=half), sd=1e-5)
    assert found.fitted
    assert found.lr == pytest.approx(best, rel=1e-6)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= best <= found.high


@pytest.mark.parametrize("unit", [50.0, 0.1])
def test_the_unit_of_the_learning_rate_does_not_matter(unit: float) -> None:
    losses = [bowl(0.045)(lr) for lr in GRID]
    here, there = find_optimum(curve(GRID, losses)), find_optimum(curve([lr * unit for lr in GRID], losses))
    assert (there.lr, there.low, there.high) == pytest.approx(
        (here.lr * unit, (here.low or 0) * unit, (here.high or 0) * unit), rel=1e-6
    )


def test_the_interval_is_fiellers_where_the_curvature_is_the_same_everywhere() -> None:
    lrs = [0.01 * 2.0**power for power in range(7)]
    sd = 0.01
    found = over(lrs, bowl(0.08), sd=sd)
    # The slope s + 2qv at v, from three equidistant points: s = (c - a)/2h, q = (a - 2b + c)/2h².
    h, var = math.log(2), sd**2 / 3
    q, var_s, var_q = 0.25, var / (2 * h**2), 1.5 * var / h**4
    t2 = 12.706**2  # no interval is narrower than with one degree of freedom, nor wider than with all of them
    assert found.low is not None
    narrowest = 1.96 * math.sqrt(var_s) / (2 * q)
    widest = math.sqrt(t2 * var_s / (4 * (q * q - t2 * var_q))) if q * q > t2 * var_q else math.inf
    assert narrowest < math.log(0.08 / found.low) < widest


def test_more_noise_makes_a_wider_interval() -> None:
    def width(found: Optimum) -> float:
        assert found.low is not None
        assert found.high is not None
        return math.log(found.high / found.low)

    assert width(over(GRID, bowl(0.045), sd=0.01)) > 2 * width(over(GRID, bowl(0.045), sd=0.001))


@given(st.floats(0.046, 0.06), st.floats(1.0, 8.0))
def test_unequal_curvatures_widen_the_interval_as_far_as_the_best_lies_off(best: float, ratio: float) -> None:
    lrs = [0.01 * 1.5**power for power in range(10)]
    found = over(lrs, bowl(best, below=0.1, above=0.1 * ratio), sd=1e-6)
    low, high = found.stated
    assert low is not None
    assert high is not None
    assert low <= best <= high


@pytest.mark.parametrize("sd", [1e-6, 0.003])
@pytest.mark.parametrize("width", [0.7, 1.6])
def test_a_flat_stretch_before_a_wall_gets_the_bracket(width: float, sd: float) -> None:
    def wall(lr: float) -> float:
        d = math.log(lr / 0.052)
        return 4.5 + (2 * d if d > 0 else -0.01 * d + 0.25 * min(d + width, 0) ** 2)

    for step in (1.5, 2.15, 3.0):
        found = over([0.05 * step**power for power in range(-5, 5)], wall, sd=sd)
        assert not found.fitted
        low, high = found.stated
        assert (low or 0) < 0.052 < (high or math.inf)


@pytest.mark.parametrize("slopes", [(0.1, 0.1), (0.1, 0.5), (0.1, 2.0), (2.0, 0.1)])
def test_a_corner_gets_the_bracket(slopes: tuple[float, float]) -> None:
    def corner(lr: float) -> float:
        d = math.log(lr / 0.052)
        return 4.5 + (-slopes[0] * d if d < 0 else slopes[1] * d)

    found = over(GRID, corner)
    assert not found.fitted
    assert found.bracket is not None
    assert found.stated == (found.bracket.low, found.bracket.high)
    assert (found.bracket.low or 0) < 0.052 < (found.bracket.high or 0)
    assert "curvature" in found.reason


def test_the_bracket_reaches_to_the_neighbours_of_what_may_be_the_best() -> None:
    losses = [bowl(0.045)(lr) for lr in GRID]
    found = find_optimum(curve(GRID, losses, may=(3, 4, 5)))
    assert found.bracket == Bracket(0.02, 0.1)
    assert found.bracket.closed
    assert find_optimum(curve(GRID, losses, may=(0, 4))).bracket == Bracket(None, 0.07)
    assert find_optimum(curve(GRID, losses, may=(4, 8))).bracket == Bracket(0.03, None)


def test_a_divergence_closes_the_bracket() -> None:
    lrs = (0.01, 0.02, 0.04)
    found = find_optimum(curve(lrs, [5.2, 5.1, 5.0], diverged=(0.08, 0.3)))
    assert found.bracket == Bracket(0.02, 0.08)
    between = find_optimum(curve(lrs, [5.2, 5.0, 5.3], diverged=(0.03,)))
    assert between.bracket == Bracket(0.01, 0.03)


@pytest.mark.parametrize(
    ("lrs", "losses", "best", "reason"),
    [
        ((0.1, 0.2), (5.0, 5.1), 0.1, "lowest that can be judged"),
        ((0.1, 0.2, 0.3), (5.3, 5.1, 5.0), 0.3, "highest that can be judged"),
        ((0.1, 0.2, 0.3), (5.2, 5.0, 5.1), 0.2, "3 learning rates on each side"),
    ],
)
def test_where_no_fit_is_possible_the_best_tried_one_is_taken_with_the_reason(
    lrs: tuple[float, ...], losses: tuple[float, ...], best: float, reason: str
) -> None:
    found = find_optimum(curve(lrs, losses))
    assert (found.fitted, found.lr, found.low, found.high) == (False, best, None, None)
    assert reason in found.reason


def test_candidates_with_a_gap_between_them_get_no_interval() -> None:
    found = find_optimum(curve(GRID, [bowl(0.045)(lr) for lr in GRID], may=(2, 4)))
    assert not found.fitted
    assert "next to each other" in found.reason


def test_two_valleys_are_named_the_lower_one_first() -> None:
    lrs = [0.001 * 3.0**power for power in range(6)]
    found = find_optimum(curve(lrs, [5.3, 5.01, 5.2, 5.0, 5.2, 5.6], may=(1, 3)))
    assert found.valleys == (lrs[3], lrs[1])
    assert find_optimum(curve(lrs, [5.3, 5.2, 5.1, 5.0, 5.2, 5.6])).valleys is None


@given(st.lists(st.floats(1e-4, 1), min_size=2, max_size=8, unique=True).map(sorted), st.floats(1e-6, 1), st.data())
def test_whatever_the_losses_what_is_stated_holds_the_best_tried_one(
    lrs: list[float], sd: float, data: st.DataObject
) -> None:
    losses = data.draw(st.lists(st.floats(0, 100), min_size=len(lrs), max_size=len(lrs)))
    found = find_optimum(curve(lrs, losses, sd=sd))
    low, high = found.stated
    if not found.fitted:
        best = lrs[int(np.argmin(losses))]
        assert (low or 0) < best < (high or math.inf)
        assert found.lr == best
    else:
        assert low is not None
        assert high is not None
        assert lrs[0] <= low <= found.lr <= high <= lrs[-1]
