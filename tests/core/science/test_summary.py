"""Means and their intervals, against scipy and statsmodels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from moetui.core.science.summary import Summary, pooled_sd, summarize
from tests.core.science.chance import covers, samples

LOSSES = st.lists(st.floats(-1e3, 1e3).map(lambda value: round(value, 6)), min_size=2, max_size=30)


@given(LOSSES)
def test_the_summary_agrees_with_scipy_and_statsmodels(losses: list[float]) -> None:
    found = summarize(losses)
    other = DescrStatsW(losses)
    assert found.mean == pytest.approx(np.mean(losses), abs=1e-9)
    assert found.sd == pytest.approx(np.std(losses, ddof=1), abs=1e-9)
    assert (found.low, found.high) == pytest.approx(other.tconfint_mean(), abs=1e-7)
    if found.sd:
        low, high = stats.t.interval(0.95, len(losses) - 1, loc=np.mean(losses), scale=stats.sem(losses))
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-7)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_interval_covers_the_true_mean_19_times_of_20(n: int) -> None:
    hits = [s.low <= 5.0 <= s.high for losses in samples(4000, n) if (s := summarize(losses)) and s.low and s.high]
    assert len(hits) == 4000
    assert covers(hits)


def test_one_value_has_neither_spread_nor_interval() -> None:
    assert summarize([5.1]) == Summary(1, 5.1, None, None, None)
    assert summarize([]) == Summary(0, None, None, None, None)


def test_equal_values_have_an_interval_of_no_width() -> None:
    found = summarize([5.0, 5.0, 5.0])
    assert (found.sd, found.low, found.high) == (0.0, 5.0, 5.0)


@given(st.lists(LOSSES, min_size=1, max_size=5))
def test_the_pooled_deviation_is_that_of_a_one_way_analysis_of_variance(groups: list[list[float]]) -> None:
    sd, df = pooled_sd(*groups, [1.0])  # one value tells nothing of a spread
    residuals = np.concatenate([np.array(values) - np.mean(values) for values in groups])
    assert df == len(residuals) - len(groups)
    assert sd == pytest.approx(math.sqrt(float(residuals @ residuals) / df), abs=1e-9)


def test_single_values_have_no_pooled_deviation() -> None:
    assert pooled_sd([1.0], [2.0], []) == (None, 0)
