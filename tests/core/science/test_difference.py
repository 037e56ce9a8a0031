"""Differences of two groups: the tests behind them against scipy and statsmodels, and when there is no verdict."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from moetui.core.science.difference import Difference, difference, pairs_of
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS, MEASURES
from tests.core.science.chance import covers, samples
from tests.core.science.records import group, record, seeds

LOSSES = st.lists(st.floats(-1e3, 1e3).map(lambda value: round(value, 3)), min_size=2, max_size=12)


def compared(first: Sequence[float], second: Sequence[float], *, paired: bool) -> Difference:
    return difference(group(first, setting="a", paired=paired), group(second, setting="b", paired=paired), LOSS)


@given(LOSSES, LOSSES)
def test_without_shared_seeds_it_is_welchs_test(first: list[float], second: list[float]) -> None:
    assume(max(np.ptp(first), np.ptp(second)) > 0)
    found = compared(first, second, paired=False)
    expected = stats.ttest_ind(first, second, equal_var=False)
    low, high = CompareMeans(DescrStatsW(first), DescrStatsW(second)).tconfint_diff(usevar="unequal")
    assert found.method == "Welch"
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.df == pytest.approx(expected.df, rel=1e-6)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6, abs=1e-6)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=12))
def test_with_shared_seeds_it_is_the_paired_test(pairs: list[tuple[float, float]]) -> None:
    first, second = ([round(value, 3) for value in side] for side in zip(*pairs, strict=True))
    gaps = np.subtract(first, second)
    assume(gaps.std() > 1e-6)
    found = compared(first, second, paired=True)
    expected = stats.ttest_rel(first, second)
    assert found.method == "paired"
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert (found.low, found.high) == pytest.approx(DescrStatsW(gaps).tconfint_mean(), rel=1e-6, abs=1e-6)
    assert [(a.record.seed, b.record.seed) for a, b in found.pairs] == [(n, n) for n in range(1, len(pairs) + 1)]


@given(LOSSES, LOSSES, st.booleans())
def test_turning_a_difference_round_turns_its_sign(first: list[float], second: list[float], paired: bool) -> None:
    there, back = compared(first, second, paired=paired), compared(second, first, paired=paired)
    opposite = {"better": "worse", "worse": "better"}
    assert back.verdict == opposite.get(there.verdict, there.verdict)
    assert back.estimate == pytest.approx(-(there.estimate or 0.0))
    assert back.seeds_needed == there.seeds_needed


@pytest.mark.parametrize(("n_first", "n_second", "sd_second"), [(3, 3, 0.02), (5, 5, 0.04), (8, 4, 0.03)])
def test_welchs_interval_covers_the_true_difference(n_first: int, n_second: int, sd_second: float) -> None:
    firsts, seconds = samples(1000, n_first), samples(1000, n_second, mean=4.9, sd=sd_second, seed=2)
    found = [compared(a, b, paired=False) for a, b in zip(firsts, seconds, strict=True)]
    assert covers([one.low < 0.1 < one.high for one in found if one.low and one.high])


@pytest.mark.parametrize("n", [2, 3])
def test_the_paired_interval_covers_the_true_difference_although_seeds_shift_both(n: int) -> None:
    shifts = samples(1000, n, mean=0.0, sd=0.1, seed=3)
    found = [
        compared(np.add(a, shift).tolist(), np.add(b, shift).tolist(), paired=True)
        for a, b, shift in zip(samples(1000, n), samples(1000, n, mean=4.9, seed=2), shifts, strict=True)
    ]
    assert covers([one.low < 0.1 < one.high for one in found if one.low and one.high])


@given(st.lists(st.floats(0, 10), min_size=1, max_size=6), st.floats(0, 10))
def test_one_run_never_gets_a_verdict(many: list[float], single: float) -> None:
    for first, second in ((many, [single]), ([single], many)):
        found = compared(first, second, paired=False)
        assert found.verdict == "no verdict"
        assert found.reason.startswith("n = 1")
        assert (found.p, found.low, found.seeds_needed) == (None, None, None)
        assert found.estimate == pytest.approx(np.mean(first) - np.mean(second))


def test_one_run_is_weighed_against_the_spread_of_the_other_group() -> None:
    found = compared([5.0], [4.9, 5.0, 5.1], paired=False)
    assert found.effect == pytest.approx(0.0)
    found = compared([5.3], [4.9, 5.0, 5.1], paired=False)
    assert found.effect == pytest.approx(3.0)


def test_what_is_lower_is_better_for_a_loss_and_worse_for_an_accuracy() -> None:
    low, high = group([1.0, 1.1, 1.05], setting="low"), group([2.0, 2.2, 2.05], setting="high")
    assert difference(low, high, LOSS).verdict == "better"
    assert difference(low, high, MEASURES["val_accuracy"]).verdict == "worse"


def test_seeds_without_spread_say_nothing_of_the_noise() -> None:
    for paired in (True, False):
        found = compared([5.1, 5.1, 5.1], [5.2, 5.2, 5.2], paired=paired)
        assert found.verdict == "no verdict"
        assert "no spread" in found.reason
        assert found.effect is None


def test_a_constant_gap_of_rounded_numbers_is_no_spread_either() -> None:
    first = [5.1, 5.3, 5.7]
    found = compared([value + 0.1 for value in first], first, paired=True)  # differs from 0.1 in the last bit only
    assert found.reason.startswith("no spread")


def test_equal_results_are_not_distinguishable() -> None:
    for losses in ([5.0, 5.0], [5.0, 5.1, 5.3]):
        found = compared(losses, losses, paired=True)
        assert (found.verdict, found.estimate, found.p, found.seeds_needed) == ("not distinguishable", 0.0, 1.0, None)


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ((1, 2, 3), (1, 2, 3), 3),
        ((1, 2, 3, 4), (3, 4, 5), 2),
        ((1, 2, 3), (3, 4, 5), 0),  # one pair has no spread
        ((1, 2, 3, 4, 5), (1, 2), 0),  # two pairs tell less than seven runs
        ((1, 2), (3, 4), 0),
    ],
)
def test_runs_are_paired_if_enough_seeds_are_shared(
    first: tuple[int, ...], second: tuple[int, ...], shared: int
) -> None:
    a, b = (
        groups([record(5.0 + seed / 100, setting=name, seed=seed) for seed in side], LOSS)[0]
        for name, side in (("a", first), ("b", second))
    )
    assert len(pairs_of(a, b)) == shared
    assert pairs_of(a, b, "never") == ()
    assert difference(a, b, LOSS).method == ("paired" if shared else "Welch")
    forced = difference(a, b, LOSS, pairing="always")
    assert forced.method == "paired" or forced.reason == "fewer than two seeds in common"


def test_a_group_that_only_diverged_gets_no_verdict_and_says_so() -> None:
    good, bad = groups([*seeds([5.0, 5.1]), *seeds([math.nan, math.inf], setting="b")], LOSS)
    found = difference(bad, good, LOSS)
    assert (found.verdict, found.reason) == ("no verdict", "all 2 runs of b diverged")
