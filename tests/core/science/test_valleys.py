"""One valley or two, against the definition of a valley and with planted ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from moetui.core.science.valleys import _left_over, _squares, one_valley_ruled_out

VALUES = st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 9)), min_size=1, max_size=9)


@given(VALUES)
def test_what_a_valley_leaves_over_is_what_two_isotonic_fits_leave(values: list[tuple[int, int]]) -> None:
    y, weight = (np.array(column, dtype=np.float64) for column in zip(*values, strict=True))
    expected = []
    for a in range(len(y) + 1):
        left = 0.0
        for part, increasing in ((slice(0, a), False), (slice(a, None), True)):
            if len(y[part]):
                fit = isotonic_regression(y[part], weights=weight[part], increasing=increasing).x
                left += float((weight[part] * (y[part] - fit) ** 2).sum())
        expected.append(left)
    assert _left_over(y[None], weight[None])[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("shape", ["falls", "rises", "valley", "flat"])
def test_one_valley_is_never_ruled_out_without_noise(shape: str) -> None:
    x = np.linspace(-2, 2, 9)
    mean = {"falls": -x, "rises": x, "valley": x**2, "flat": 0 * x}[shape]
    assert not one_valley_ruled_out(5 + mean, np.full(9, 1e-4), np.full(9, 3.0))


def test_a_hump_far_beyond_the_noise_rules_one_valley_out() -> None:
    mean = np.array([5.2, 5.0, 5.2, 5.0, 5.2])
    assert one_valley_ruled_out(mean, np.full(5, 1e-4), np.full(5, 3.0))
    assert not one_valley_ruled_out(mean, np.full(5, 0.04), np.full(5, 3.0))


def test_the_same_values_get_the_same_answer() -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        mean, variance, df = rng.normal(5, 0.03, 7), rng.uniform(1e-4, 4e-4, 7), rng.uniform(2, 9, 7)
        assert one_valley_ruled_out(mean, variance, df) == one_valley_ruled_out(mean, variance, df)


@given(VALUES, st.booleans())
def test_pooling_all_neighbours_at_once_is_the_isotonic_fit(values: list[tuple[int, int]], falling: bool) -> None:
    y, weight = (np.array(column, dtype=np.float64) for column in zip(*values, strict=True))
    fit = isotonic_regression(y, weights=weight, increasing=not falling).x
    expected = float((weight * (y - fit) ** 2).sum())
    two = _squares(np.stack([y, y]), np.stack([weight, weight]), falling=falling)
    assert two == pytest.approx([expected, expected], abs=1e-6)


def test_thousands_of_learning_rates_are_no_square_table() -> None:
    rng = np.random.default_rng(4)
    x, variance = np.linspace(-2, 2, 3000), np.full(3000, 1e-4)
    valley = 5 + 0.05 * x**2 + rng.normal(0, 0.01, 3000)
    assert not one_valley_ruled_out(valley, variance, np.full(3000, 6.0))
    assert one_valley_ruled_out(valley + rng.normal(0, 0.1, 3000), variance, np.full(3000, 6.0))
