"""Seeds that would find a difference that matters, against statsmodels' power analysis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from moetui.core.science.looks import level_of
from moetui.core.science.seeds import seeds_needed

SIZES = st.floats(0.2, 4.0)


@given(SIZES, st.floats(0.001, 10))
def test_two_settings_reach_the_power_that_statsmodels_computes(size: float, sd: float) -> None:
    found = seeds_needed(size * sd * 2**0.5, sd, 10, settings=2, queued_at_once=1000)
    assert found is not None
    assert found.few is not None

    def reached(seeds: int) -> float:
        return float(TTestPower().power(size, seeds, level_of(seeds, at_once=True), alternative="two-sided"))

    assert reached(found.few) >= 0.8 - 1e-3
    assert found.few == 2 or found.few > 32 or reached(found.few - 1) < 0.8 + 1e-3


@given(SIZES, st.integers(1, 40), st.integers(2, 12))
def test_the_upper_number_is_that_of_the_upper_limit_of_the_noise(size: float, df: int, settings: int) -> None:
    found = seeds_needed(size, 1.0, df, settings=settings, queued_at_once=1000)
    assert found is not None
    upper = (df / stats.chi2.ppf(0.2, df)) ** 0.5
    beyond = seeds_needed(size, upper, df, settings=settings, queued_at_once=1000)
    assert beyond is not None
    assert found.many == beyond.few
    assert found.few is not None
    assert found.many is None or found.many >= found.few


def test_more_settings_take_more_seeds() -> None:
    counts = [seeds_needed(1.0, 0.5, 8, settings=settings, queued_at_once=1000) for settings in (4, 8, 26)]
    many = [one.many for one in counts if one and one.many]
    assert many == sorted(many)
    assert many[0] < many[-1]


def test_a_study_that_grows_takes_more_seeds() -> None:
    once, grown = (seeds_needed(1.0, 0.5, 8, settings=5, queued_at_once=seeds) for seeds in (1000, 0))
    assert once is not None
    assert grown is not None
    assert (once.few or 0) < (grown.few or 0)


@pytest.mark.parametrize(("difference", "sd", "df"), [(0.0, 1.0, 4.0), (1.0, 0.0, 4.0), (1.0, 1.0, 0.0)])
def test_no_difference_and_no_noise_have_no_answer(difference: float, sd: float, df: float) -> None:
    assert seeds_needed(difference, sd, df, settings=3, queued_at_once=1000) is None


def test_more_than_anybody_would_run_is_no_answer() -> None:
    found = seeds_needed(1e-6, 1.0, 4, settings=3, queued_at_once=1000)
    assert found is not None
    assert (found.few, found.many) == (None, None)
