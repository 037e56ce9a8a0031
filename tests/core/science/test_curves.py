"""Smoothing and bands, against straightforward computations."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from moetui.core.science.bands import POINTS, band
from moetui.core.science.smoothing import debiased_ema

values = st.lists(st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf]), max_size=200)


def one_by_one(y: list[float], weight: float) -> list[float]:
    average, count, out = 0.0, 0, []
    for value in y:
        if not math.isfinite(value):
            out.append(value)
            continue
        count += 1
        average = weight * average + (1 - weight) * value
        out.append(average / (1 - weight**count))
    return out


@given(values, st.sampled_from([0.0, 0.1, 0.6, 0.9, 0.99, 0.9999]))
def test_the_average_is_that_of_the_definition(y: list[float], weight: float) -> None:
    np.testing.assert_allclose(debiased_ema(y, weight), one_by_one(y, weight), rtol=1e-6, atol=1e-2)


@given(values, st.integers(0, 200), st.sampled_from([0.0, 0.6, 0.999]))
def test_an_average_that_goes_on_is_that_of_all_values(y: list[float], begun: int, weight: float) -> None:
    known = debiased_ema(y[:begun], weight)
    np.testing.assert_allclose(debiased_ema(y, weight, known=known), debiased_ema(y, weight), rtol=1e-6, atol=1e-2)


def test_a_constant_stays_what_it_is_from_the_first_point_on() -> None:
    np.testing.assert_allclose(debiased_ema(np.full(10_000, 3.0), 0.999), 3.0, rtol=1e-6)


def test_the_band_is_students_interval_of_the_mean() -> None:
    table = np.random.default_rng(0).normal(size=(4, 5))
    found = band([(np.arange(5), row) for row in table])
    low, high = stats.t.interval(0.95, 3, loc=table.mean(axis=0), scale=stats.sem(table, axis=0))
    np.testing.assert_allclose(found.mean, table.mean(axis=0))
    np.testing.assert_allclose(found.low, low)
    np.testing.assert_allclose(found.high, high)


def test_a_run_counts_only_where_it_has_measured_a_finite_value() -> None:
    nan = math.nan
    found = band([([1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0]), ([1, 2, 3], [3.0, nan, 5.0])])
    assert found.count.tolist() == [2, 1, 2, 1]
    assert found.mean.tolist() == [2.0, 2.0, 4.0, 4.0]
    assert found.low[1] == found.high[1] == 2.0


@pytest.mark.parametrize("curves", [[], [([], [])], [([1], [math.nan])]])
def test_without_values_there_is_an_empty_band(curves: list[tuple[npt.ArrayLike, npt.ArrayLike]]) -> None:
    assert band(curves).x.size == 0


def test_long_curves_are_compared_at_few_places_the_ends_among_them() -> None:
    x = np.arange(1, 100_001)
    found = band([(x, x * 1.0), (x, x * 3.0)])
    assert found.x.size <= POINTS
    assert (found.x[0], found.x[-1]) == (1, 100_000)
    np.testing.assert_allclose(found.mean, found.x * 2)
