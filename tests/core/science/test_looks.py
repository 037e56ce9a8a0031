"""Levels of a study that was queued at once and of one that has grown."""

import pytest

from moetui.core.catalogue.records import RunRecord
from moetui.core.science.comparison import compare
from moetui.core.science.groups import groups
from moetui.core.science.looks import level_of, planned_at_once
from moetui.core.science.measure import LOSS
from tests.core.science.records import record

Times = list[tuple[float, float | None]]
"""When each run was queued and when it ended."""


def runs(times: Times, setting: str = "a") -> list[RunRecord]:
    return [
        record(5.0 + seed / 10, setting=setting, seed=seed, created=created, ended=ended)
        for seed, (created, ended) in enumerate(times)
    ]


@pytest.mark.parametrize(
    ("times", "at_once"),
    [
        ([(1, 10), (2, 20), (3, 30)], True),
        ([(1, 10), (2, 20), (11, 30)], False),  # queued after the first had ended
        ([(1, None), (2, 20)], False),  # published and imported results have no times
        ([(0, 10), (0, 20)], False),
    ],
)
def test_a_setting_was_queued_at_once_if_no_result_was_there_before(times: Times, at_once: bool) -> None:
    (group,) = groups(runs(times), LOSS)
    assert planned_at_once(group) == at_once


def test_a_new_setting_in_a_study_is_no_new_look_at_the_others() -> None:
    made = [*runs([(1, 10), (2, 20), (3, 30)]), *runs([(40, 50), (41, 60), (42, 70)], setting="b")]
    assert compare(groups(made, LOSS), LOSS).level == level_of(3, at_once=True)


def test_one_setting_that_has_grown_counts_for_all() -> None:
    made = [*runs([(1, 10), (2, 20), (3, 30)]), *runs([(1, 10), (2, 20), (42, 70)], setting="b")]
    assert compare(groups(made, LOSS), LOSS).level == level_of(3, at_once=False)


def test_one_setting_with_two_runs_counts_for_all() -> None:
    made = [*runs([(1, 10), (2, 20), (3, 30)]), *runs([(1, 10), (2, 20)], setting="b")]
    assert compare(groups(made, LOSS), LOSS).level == level_of(2, at_once=True)


def test_the_levels_fall_with_the_seeds_and_spend_no_more_than_five_percent() -> None:
    looks = [level_of(seeds, at_once=False) for seeds in (3, 6, 12, 24, 48, 96)]
    assert looks == sorted(looks, reverse=True)
    assert sum(looks) <= 0.05
    assert level_of(3, at_once=True) + sum(looks[1:]) <= 0.055
