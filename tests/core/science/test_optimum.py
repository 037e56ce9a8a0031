"""The best learning rate between the tried ones."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moetui.core.science.optimum import Optimum, find_optimum
from tests.core.science.chance import covers

GRID = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15)


def bowl(lr: float, best: float, *, curvature: float = 0.5) -> float:
    return 4.5 + curvature / 2 * math.log(lr / best) ** 2


def noisy(best: float, rng: np.random.Generator, *, lrs: Sequence[float] = GRID, n: int = 3) -> list[list[float]]:
    return [(bowl(lr, best) + rng.normal(0, 0.02, n)).tolist() for lr in lrs]


@given(st.floats(0.021, 0.099), st.floats(0.01, 10))
def test_the_fit_recovers_a_planted_optimum(best: float, curvature: float) -> None:
    found = find_optimum(GRID, [[bowl(lr, best, curvature=curvature)] for lr in GRID])
    assert found.fitted
    assert found.lr == pytest.approx(best, rel=1e-6)
    assert found.curvature == pytest.approx(curvature, rel=1e-5)
    assert found.cost_of_factor_two == pytest.approx(curvature / 2 * math.log(2) ** 2, rel=1e-5)


@pytest.mark.parametrize(("best", "unit"), [(0.03, 50.0), (0.045, 0.1), (0.07, 3.0)])
def test_the_unit_of_the_learning_rate_does_not_matter(best: float, unit: float) -> None:
    losses = noisy(best, np.random.default_rng(5))
    here, there = find_optimum(GRID, losses), find_optimum([lr * unit for lr in GRID], losses)
    assert there.lr == pytest.approx(here.lr * unit, rel=1e-6)
    assert there.low == pytest.approx((here.low or 0) * unit, rel=1e-6)


def test_it_is_least_squares_over_the_runs_near_the_best() -> None:
    losses = noisy(0.045, np.random.default_rng(6))
    near = [(math.log(lr), loss) for lr, values in zip(GRID, losses, strict=True) if lr >= 0.05 / 3 for loss in values]
    x, y = np.array(near).T
    a, b, _ = np.polyfit(x, y, 2)  # every run by itself, where the code weighs means
    assert find_optimum(GRID, losses).lr == pytest.approx(math.exp(-b / (2 * a)), rel=1e-6)


@pytest.mark.parametrize(("lrs", "n"), [(GRID, 3), ((0.003, 0.01, 0.03, 0.1, 0.3), 3), (GRID, 2)])
def test_the_interval_covers_the_planted_optimum_19_times_of_20(lrs: Sequence[float], n: int) -> None:
    rng = np.random.default_rng(7)
    hits = []
    for best in rng.uniform(0.035, 0.06, 600):
        found = find_optimum(lrs, noisy(best, rng, lrs=lrs, n=n), draws=1000)
        assert found.low is not None
        assert found.high is not None
        hits.append(found.low <= best <= found.high)
    assert covers(hits)


def test_the_same_runs_give_the_same_interval() -> None:
    losses = noisy(0.045, np.random.default_rng(8))
    assert find_optimum(GRID, losses) == find_optimum(GRID, losses)


def test_more_noise_makes_a_wider_interval() -> None:
    def width(found: Optimum) -> float:
        assert found.low is not None
        assert found.high is not None
        return math.log(found.high / found.low)

    rng = np.random.default_rng(9)
    quiet = [[bowl(lr, 0.045) + float(noise) for noise in rng.normal(0, 0.005, 3)] for lr in GRID]
    loud = [[bowl(lr, 0.045) + float(noise) for noise in rng.normal(0, 0.05, 3)] for lr in GRID]
    assert width(find_optimum(GRID, loud)) > 2 * width(find_optimum(GRID, quiet))


def test_one_seed_each_has_a_fit_but_no_interval() -> None:
    found = find_optimum(GRID, [[bowl(lr, 0.045)] for lr in GRID])
    assert found.fitted
    assert (found.low, found.high, found.log_sd) == (None, None, None)


@pytest.mark.parametrize(
    ("lrs", "losses", "best", "reason"),
    [
        ((0.1,), ([5.0, 5.1],), 0.1, "needs three"),
        ((0.1, 0.2), ([5.0], [5.1]), 0.1, "needs three"),
        ((0.1, 0.2, 0.3), ([5.0], [5.1], [5.2]), 0.1, "lowest that trained"),
        ((0.1, 0.2, 0.3), ([5.3], [5.1], [5.0]), 0.3, "highest that trained"),
        ((0.1, 0.2, 0.3), ([5.0], [5.0], [5.0]), 0.2, "do not curve"),
    ],
)
def test_where_no_fit_is_possible_the_best_tried_one_is_taken_with_the_reason(
    lrs: tuple[float, ...], losses: tuple[list[float], ...], best: float, reason: str
) -> None:
    found = find_optimum(lrs, losses)
    assert (found.fitted, found.lr) == (False, best)
    assert reason in found.reason
    assert found.curvature is None


def test_seeds_that_all_agree_give_no_interval() -> None:
    found = find_optimum(GRID, [[bowl(lr, 0.045)] * 3 for lr in GRID])
    assert (found.fitted, found.low) == (True, None)


@given(
    st.lists(st.floats(1e-4, 1), min_size=1, max_size=8, unique=True).map(sorted),
    st.data(),
)
def test_whatever_the_losses_the_optimum_lies_among_the_learning_rates(lrs: list[float], data: st.DataObject) -> None:
    values = st.lists(st.floats(0, 100), min_size=1, max_size=3)
    losses = data.draw(st.lists(values, min_size=len(lrs), max_size=len(lrs)))
    found = find_optimum(lrs, losses, draws=50)
    inside = (lrs[0] * (1 - 1e-9), lrs[-1] * (1 + 1e-9))
    assert inside[0] <= found.lr <= inside[1]
    if found.low is not None and found.high is not None:
        assert inside[0] <= found.low <= found.high <= inside[1]
