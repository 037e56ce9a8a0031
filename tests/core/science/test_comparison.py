"""Several settings at once: one family of intervals, the reference, and what may be the best."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from moetui.core.catalogue.records import RunRecord
from moetui.core.science.comparison import Comparison, best_group, compare
from moetui.core.science.difference import Difference
from moetui.core.science.groups import Group, groups
from moetui.core.science.looks import level_of
from moetui.core.science.measure import LOSS, MEASURES
from moetui.core.science.questions import Against
from moetui.core.science.wording import conclusion
from tests.core.science.records import group, record, seeds


def study(settings: int, n: int, *, best: float = 0.0, sd: float = 0.012, seed: int = 0) -> list[Group]:
    """Settings with equal means, the first one better by `best`; every seed moves all of them alike."""
    rng = np.random.default_rng(seed)
    values = 5 + rng.normal(0, sd, (settings, n)) + rng.normal(0, 0.03, n)
    values[0] -= best
    return [group(row.tolist(), setting=str(number)) for number, row in enumerate(values)]


def only(first: Sequence[float], second: Sequence[float], *, paired: bool = True) -> Difference:
    made = [group(first, setting="a", paired=paired), group(second, setting="b", paired=paired)]
    return compare(made, LOSS).between(*made)


@pytest.mark.parametrize(("against", "pairs"), [("best", 3), ("first", 3), ("all", 6)])
def test_what_is_shown_does_not_change_what_is_tested(against: Against, pairs: int) -> None:
    made = study(4, 3, best=0.1)
    found, whole = compare(made, LOSS, against=against), compare(made, LOSS, against="all")
    assert (len(found.differences), found.family) == (pairs, 6)
    for one in found.differences:
        again = whole.between(one.first, one.second)
        assert (one.low, one.high, one.verdict) == (again.low, again.high, again.verdict)


@given(st.integers(2, 7), st.integers(2, 6), st.floats(0, 0.2), st.integers(0, 1000))
def test_the_verdict_is_that_of_the_interval(settings: int, n: int, best: float, seed: int) -> None:
    found = compare(study(settings, n, best=best, seed=seed), LOSS, against="all")
    for one in found.differences:
        assert one.low is not None
        assert one.high is not None
        assert one.p_adjusted is not None
        assert (one.verdict == "not distinguishable") == (one.low <= 0 <= one.high)
        assert (one.verdict == "not distinguishable") == (one.p_adjusted >= 0.05)
        assert one.verdict != "better" or one.high < 0


@given(st.integers(2, 7), st.integers(2, 6), st.floats(0, 0.2), st.integers(0, 1000))
def test_nothing_worse_than_another_may_be_the_best(settings: int, n: int, best: float, seed: int) -> None:
    made = study(settings, n, best=best, seed=seed)
    found = compare(made, LOSS, against="all")
    may = {candidate.group.key for candidate in found.candidates}
    worse = {one.first.key for one in found.differences if one.verdict == "worse"}
    worse |= {one.second.key for one in found.differences if one.verdict == "better"}
    assert found.best is not None
    assert found.best.key in may
    assert not may & worse
    assert len(may) == 1 or all(candidate.costs_at_most > 0 for candidate in found.candidates)


def test_the_order_of_the_settings_changes_nothing() -> None:
    made = study(5, 4, best=0.05)
    here, there = compare(made, LOSS), compare(made[::-1], LOSS)
    assert [one.key for one in here.groups] == [one.key for one in there.groups]
    for one in here.differences:
        again = there.between(one.first, one.second)
        assert (one.low, one.high) == pytest.approx((again.low, again.high), rel=1e-9)


def test_a_higher_score_is_turned_round() -> None:
    made = study(4, 3, best=0.2)
    low, high = compare(made, LOSS), compare(made, MEASURES["val_accuracy"])
    assert low.best is made[0]
    assert high.groups[-1] is made[0]
    assert made[0].key not in {candidate.group.key for candidate in high.candidates}
    assert {one.verdict for one in high.differences if one.first is made[0]} == {"worse"}


def test_two_settings_are_the_paired_t_test_at_the_level_of_the_looks() -> None:
    first, second = [5.0, 5.1, 5.06, 5.02], [5.3, 5.36, 5.37, 5.28]
    found, expected = only(first, second), stats.ttest_rel(first, second)
    assert found.method == "seeds as blocks"
    assert found.p == pytest.approx(expected.pvalue)
    level = level_of(4, at_once=False)
    assert found.p_adjusted == pytest.approx(expected.pvalue * 0.05 / level)
    interval = expected.confidence_interval(1 - level)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_turning_a_difference_round_turns_its_sign() -> None:
    a, b, *_ = made = study(4, 3, best=0.1)
    found = compare(made, LOSS)
    there, back = found.between(a, b), found.between(b, a)
    assert (there.verdict, back.verdict) == ("better", "worse")
    assert None not in (there.estimate, there.low, there.high)
    assert (back.estimate, back.low, back.high) == pytest.approx(
        (-(there.estimate or 0), -(there.high or 0), -(there.low or 0))
    )


def test_groups_are_ordered_by_their_means() -> None:
    made = [group([2.0, 2.1]), group([1.0, 1.1], setting="b"), group([3.0], setting="c")]
    assert [one.label for one in compare(made, LOSS).groups] == ["b", "a", "c"]
    assert [one.label for one in compare(made, MEASURES["val_accuracy"]).groups] == ["c", "a", "b"]


def test_a_missing_seed_does_not_make_a_setting_the_best() -> None:
    lucky = {1: 5.00, 2: 5.10, 3: 5.20}  # what the seeds do to every setting
    rows = [record(value, setting="a", seed=seed) for seed, value in lucky.items()]
    rows += [record(lucky[seed] + 0.02 + 0.001 * seed, setting="b", seed=seed) for seed in (1, 2)]
    rows += [record(value + 0.05 - 0.002 * seed, setting="c", seed=seed) for seed, value in lucky.items()]
    found = compare(groups(rows, LOSS), LOSS)
    assert found.best is not None
    assert found.best.label == "a"  # although the mean of b's two lucky seeds is lower
    assert [one.label for one in found.groups] == ["a", "b", "c"]


def diverging(setting: str, values: Sequence[float]) -> list[RunRecord]:
    return [*seeds(values, setting=setting), record(None, setting=setting, seed=99, status="diverged")]


def test_a_setting_of_which_a_run_diverged_is_never_the_best_nor_better() -> None:
    made = groups([*diverging("shaky", [1.0, 1.1]), *seeds([2.0, 2.1], setting="steady")], LOSS)
    for against in ("best", "first", "all"):
        found = compare(made, LOSS, against=against)
        assert found.best is not None
        assert found.best.label == "steady"
        assert found.reference is None or found.reference.label == "steady"
        assert {one.verdict for one in found.differences} <= {"no verdict"}
        assert all("1 of 3 runs diverged" in one.reason for one in found.differences)
    assert best_group(groups(diverging("alone", [1.0, 1.1]), LOSS), LOSS) is None


def test_a_mixture_of_learning_rates_is_no_setting() -> None:
    runs = [record(5 + lr, setting="sweep", seed=None, lr=lr) for lr in (0.01, 0.02, 0.05)]
    made = groups([*runs, *seeds([7.0, 7.1], setting="other")], LOSS)
    found = compare(made, LOSS, against="all")
    assert found.best is not None
    assert found.best.label == "other"
    assert {one.reason for one in found.differences} == {"3 learning rates mixed"}


def test_nothing_compares_with_nothing() -> None:
    assert compare([], LOSS).differences == ()
    assert compare([group([])], LOSS).reference is None
    assert compare([], LOSS).candidates == ()


@given(st.lists(st.floats(0, 10), min_size=1, max_size=6), st.floats(0, 10))
def test_one_run_never_gets_a_verdict(many: list[float], single: float) -> None:
    for first, second in ((many, [single]), ([single], many)):
        found = only(first, second, paired=False)
        assert found.verdict == "no verdict"
        assert found.reason
        assert (found.p, found.low) == (None, None)
        assert found.estimate == pytest.approx(np.mean(first) - np.mean(second))


def test_seeds_without_spread_say_nothing_of_the_noise() -> None:
    found = only([5.1, 5.1, 5.1], [5.2, 5.2, 5.2])
    assert found.verdict == "no verdict"
    assert "agree to the last digit" in found.reason


def test_a_constant_gap_of_rounded_numbers_is_no_spread_either() -> None:
    first = [5.1, 5.3, 5.7]
    found = only([value + 0.1 for value in first], first)  # differs from 0.1 in the last bit only
    assert found.verdict == "no verdict"
    assert found.reason.startswith("no spread")


def test_two_settings_with_the_same_values_are_not_told_apart() -> None:
    assert only([5.0, 5.1, 5.3], [5.0, 5.1, 5.3]).verdict in ("not distinguishable", "no verdict")


def test_a_group_that_only_diverged_gets_no_verdict_and_says_so() -> None:
    made = groups([*seeds([5.0, 5.1]), *seeds([math.nan, math.inf], setting="b")], LOSS)
    (found,) = compare(made, LOSS).differences
    assert (found.verdict, found.reason) == ("no verdict", "all 2 runs diverged")


def test_what_matters_decides_how_many_seeds_are_needed() -> None:
    made = study(5, 3)
    needed = {tolerance: compare(made, LOSS, tolerance=tolerance).seeds_needed for tolerance in (0.002, 0.01, 0.05)}
    assert all(one is not None and one.few is not None and one.many is not None for one in needed.values())
    counts = [one.many for one in needed.values() if one and one.many]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_a_thousand_settings_are_compared_in_memory_of_one_row() -> None:
    rng = np.random.default_rng(1)
    made = [group(rng.normal(5, 0.02, 3).tolist(), setting=str(number)) for number in range(1000)]
    found = compare(made, LOSS)
    assert len(found.differences) == 999
    assert found.candidates


def power(settings: int, n: int, gap: float, studies: int = 60) -> float:
    """Share of the worse settings that are called worse than the best one."""
    called = [
        one.verdict == "worse"
        for number in range(studies)
        for one in _against_first(compare(study(settings, n, best=gap, seed=number), LOSS))
    ]
    return float(np.mean(called))


def _against_first(found: Comparison) -> list[Difference]:
    first = next(one for one in found.groups if one.label == "0")
    return [found.between(one, first) for one in found.groups if one is not first]


def test_differences_of_a_few_seed_deviations_are_found() -> None:
    assert power(5, 3, 0.10, studies=150) >= 0.95
    assert power(12, 3, 0.20, studies=20) >= 0.95


def test_a_single_lucky_run_takes_no_verdict_from_the_others() -> None:
    made = [*study(4, 3, best=0.2), group([4.7], setting="lucky")]
    found = compare(made, LOSS)
    assert found.best is not None
    assert found.reference is not None
    assert (found.best.label, found.reference.label) == ("lucky", "0")
    assert {one.verdict for one in found.differences if one.first.label != "lucky"} == {"worse"}
    said = conclusion(found)
    assert said.startswith("Lowest validation loss: lucky, 4.7000 (one run). 0 is better than ")
    assert "lucky is one run: no verdict on its setting" in said
