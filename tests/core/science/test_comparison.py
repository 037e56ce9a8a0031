"""Several groups at once: Holm's correction, the reference, and the false findings that are left."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from moetui.core.science.comparison import Against, compare, corrected, holm
from moetui.core.science.difference import difference
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS, MEASURES
from tests.core.science.records import group, record, seeds


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holms_correction_agrees_with_statsmodels(p_values: list[float]) -> None:
    with patch("gc.collect"):  # which multipletests calls every time, for a second where much is loaded
        expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected)


def test_a_family_without_tests_is_left_as_it_is() -> None:
    assert holm([]) == []
    assert corrected([]) == ()


def test_what_has_no_p_does_not_count_in_the_family() -> None:
    a, b, single = group([1.0, 1.1, 1.05]), group([1.5, 1.62, 1.54], setting="b"), group([9.0], setting="c")
    pair, *_ = corrected([difference(b, a, LOSS), difference(single, a, LOSS)])
    assert pair.p_adjusted == pair.p


@pytest.mark.parametrize(("against", "pairs", "family"), [("best", 3, 6), ("first", 3, 3), ("all", 6, 6)])
def test_comparisons_with_the_best_are_corrected_as_all_pairs(against: Against, pairs: int, family: int) -> None:
    found = compare([group([n, n + 0.1, n**1.1], setting=str(n)) for n in range(1, 5)], LOSS, against=against)
    assert (len(found.differences), found.family) == (pairs, family)
    if found.reference:
        assert {one.second.label for one in found.differences} == {"1"}


def test_groups_are_ordered_by_their_means() -> None:
    made = [group([2.0, 2.1]), group([1.0, 1.1], setting="b"), group([3.0], setting="c")]
    assert [one.label for one in compare(made, LOSS).groups] == ["b", "a", "c"]
    assert [one.label for one in compare(made, MEASURES["val_accuracy"]).groups] == ["c", "a", "b"]


def test_a_setting_of_which_a_run_diverged_is_the_best_only_if_there_is_no_other() -> None:
    shaky = [*seeds([1.0, 1.1], setting="shaky"), record(None, setting="shaky", seed=3, status="diverged")]
    steady = seeds([2.0, 2.1], setting="steady")
    best = compare(groups([*shaky, *steady], LOSS), LOSS).reference
    assert best is not None
    assert best.label == "steady"
    alone = compare(groups(shaky, LOSS), LOSS).reference
    assert alone is not None
    assert alone.label == "shaky"


def test_nothing_compares_with_nothing() -> None:
    assert compare([], LOSS).differences == ()
    assert compare([group([])], LOSS).reference is None


@pytest.mark.parametrize("against", ["best", "first", "all"])
def test_equal_settings_are_told_apart_in_at_most_one_study_of_twenty(against: Against) -> None:
    studies = np.random.default_rng(4).normal(5.0, 0.02, size=(200, 4, 3)).tolist()
    wrong = [
        any(one.verdict in ("better", "worse") for one in compare(made, LOSS, against=against).differences)
        for study in studies
        if (made := [group(losses, setting=str(number)) for number, losses in enumerate(study)])
    ]
    assert np.mean(wrong) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(wrong))


def test_a_large_difference_is_found() -> None:
    made = [group(np.random.default_rng(n).normal(5 + n, 0.02, 4), setting=str(n)) for n in range(4)]
    assert {one.verdict for one in compare(made, LOSS).differences} == {"worse"}
