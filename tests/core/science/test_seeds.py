"""Seeds that decide a difference, against statsmodels' power analysis."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import TTestIndPower, TTestPower

from moetui.core.science.comparison import compare
from moetui.core.science.measure import LOSS
from moetui.core.science.seeds import seeds_for_groups, seeds_for_pairs
from tests.core.science.records import group

SIZES = st.floats(0.1, 1.5)
LEVELS = st.sampled_from([0.05, 0.05 / 3, 0.05 / 21])


@given(SIZES, st.floats(0.001, 10), LEVELS)
def test_pairs_reach_the_power_that_statsmodels_computes(size: float, sd: float, level: float) -> None:
    found = seeds_for_pairs(-size * sd, sd, level=level)
    assert found is not None
    assert TTestPower().power(size, found, level) >= 0.8 - 1e-6
    assert found == 2 or TTestPower().power(size, found - 1, level) < 0.8 + 1e-6


@given(SIZES, st.floats(0.001, 10), LEVELS)
def test_groups_reach_the_power_that_statsmodels_computes(size: float, sd: float, level: float) -> None:
    found = seeds_for_groups(size * sd, sd, sd, level=level)
    assert found is not None
    assert TTestIndPower().power(size, found, level) >= 0.8 - 1e-6
    assert found == 2 or TTestIndPower().power(size, found - 1, level) < 0.8 + 1e-6


def test_a_difference_of_half_a_deviation_takes_64_runs_a_group() -> None:
    assert seeds_for_groups(0.5, 1.0, 1.0) == 64  # Cohen 1988, table 2.4.1


def test_no_difference_and_no_noise_have_no_answer() -> None:
    assert seeds_for_pairs(0.0, 1.0) is None
    assert seeds_for_pairs(1.0, 0.0) is None
    assert seeds_for_groups(1.0, 0.0, 0.0) is None
    assert seeds_for_pairs(1e-6, 1.0) is None  # more than anybody would run


def test_very_small_deviations_are_as_good_as_large_ones() -> None:
    assert seeds_for_groups(1e-200, 1e-200, 1e-200) == seeds_for_groups(1.0, 1.0, 1.0)


def test_a_larger_family_takes_more_seeds() -> None:
    made = [group([5 + n / 100, 5.03 + n / 80, 5.01 + n / 90], setting=str(n), paired=False) for n in range(4)]
    alone = compare(made[:2], LOSS).differences[0].seeds_needed
    among = compare(made, LOSS).differences[0].seeds_needed
    assert alone is not None
    assert among is not None
    assert among > alone
    assert math.isfinite(among)


def test_cohens_table_for_pairs() -> None:
    assert seeds_for_pairs(0.5, 1.0) == pytest.approx(34)
