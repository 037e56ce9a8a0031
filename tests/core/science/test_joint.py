"""The joint fit of settings and seeds: against scipy for two settings, against a plain least-squares solver for many."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special, stats

from moetui.core.science.joint import Joint, Values, _inverse_trigamma

LOSSES = st.lists(st.floats(-1e3, 1e3).map(lambda value: round(value, 3)), min_size=2, max_size=12)


def by_seed(values: list[float], first: int = 1) -> Values:
    return dict(enumerate(values, start=first))


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=12))
def test_two_settings_with_shared_seeds_are_the_paired_t_test(pairs: list[tuple[float, float]]) -> None:
    first, second = ([round(value, 3) for value in side] for side in zip(*pairs, strict=True))
    assume(np.subtract(first, second).std() > 1e-6)
    joint = Joint([by_seed(first), by_seed(second)])
    row, expected = joint.row(0), stats.ttest_rel(first, second)
    assert joint.blocked
    assert row.gap[1] / row.error[1] == pytest.approx(expected.statistic, rel=1e-6)
    assert row.df[1] == pytest.approx(expected.df)


@given(LOSSES, LOSSES)
def test_two_settings_without_shared_seeds_are_welchs_test(first: list[float], second: list[float]) -> None:
    assume(min(np.ptp(first), np.ptp(second)) > 1e-6)
    joint = Joint([by_seed(first), by_seed(second, first=100)])
    row, expected = joint.row(0), stats.ttest_ind(first, second, equal_var=False)
    assert not joint.blocked
    assert row.gap[1] / row.error[1] == pytest.approx(expected.statistic, rel=1e-6)
    assert row.df[1] == pytest.approx(expected.df, rel=1e-6)


def table(settings: int, seeds: int, *, missing: int = 0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = 5 + rng.normal(0, 0.01, (settings, seeds)) + rng.normal(0, 0.05, seeds)
    for place in rng.choice(settings * seeds, missing, replace=False):
        values.flat[place] = np.nan
    return values


def settings_of(values: np.ndarray) -> list[Values]:
    return [{j: float(y) for j, y in enumerate(row) if np.isfinite(y)} for row in values]


@pytest.mark.parametrize("missing", [0, 5])
def test_the_means_are_those_of_weighted_least_squares(missing: int) -> None:
    values = table(6, 5, missing=missing)
    joint = Joint(settings_of(values))
    rows, columns = np.nonzero(np.isfinite(values))
    design = np.zeros((len(rows), 6 + 5))
    design[np.arange(len(rows)), rows] = design[np.arange(len(rows)), 6 + columns] = 1
    noise = joint.variance * np.isfinite(values).sum(axis=1)
    root = 1 / np.sqrt(noise[rows])
    found = np.linalg.lstsq(design * root[:, None], values[rows, columns] * root, rcond=None)[0][:6]
    assert np.ptp(joint.mean - found) == pytest.approx(0, abs=1e-4)  # the weights differ by one pass
    assert joint.row(2).gap == pytest.approx(found[2] - found, abs=1e-4)


def test_a_seed_that_moves_all_settings_changes_no_difference() -> None:
    values = table(5, 4)
    moved = values + np.array([0.0, 3.0, -7.0, 100.0])
    here, there = Joint(settings_of(values)).row(1), Joint(settings_of(moved)).row(1)
    assert there.gap == pytest.approx(here.gap, abs=1e-9)
    assert there.error[[0, 2, 3, 4]] == pytest.approx(here.error[[0, 2, 3, 4]], rel=1e-6)


def test_what_a_noisy_setting_does_to_a_seed_is_not_blamed_on_the_others() -> None:
    values = table(6, 4)
    calm = Joint(settings_of(values)).row(1)
    values[0] += [2.0, -1.0, -1.5, 0.5]
    beside = Joint(settings_of(values)).row(1)
    assert beside.gap[2:] == pytest.approx(calm.gap[2:], abs=0.01)
    assert beside.error[2:].max() < 0.1 * beside.error[0]


def test_settings_that_share_no_seed_stand_beside_those_that_do() -> None:
    values = settings_of(table(3, 3))
    apart = by_seed([5.0, 5.3, 4.8], first=100)
    joint = Joint([*values, apart])
    alone = Joint(values)
    assert not joint.blocked
    assert joint.is_blocked(0, 1)
    assert not joint.is_blocked(0, 3)
    assert joint.row(0).error[:3] == pytest.approx(alone.row(0).error)
    assert joint.row(0).error[3] > joint.row(0).error[1]


@pytest.mark.parametrize(
    ("first", "second", "auto", "always"),
    [
        ((1, 2, 3), (1, 2, 3), True, True),
        ((1, 2, 3, 4), (3, 4, 5), True, True),
        ((1, 2, 3, 4, 5, 6, 7), (1, 2), False, True),  # two pairs tell less than nine runs
        ((1, 2, 3), (3, 4, 5), False, False),  # one pair leaves no degree of freedom
        ((1, 2), (3, 4), False, False),
    ],
)
def test_seeds_are_blocks_where_enough_are_shared(
    first: tuple[int, ...], second: tuple[int, ...], auto: bool, always: bool
) -> None:
    sides: list[Values] = [{seed: 5 + 0.1 * seed % 0.37 for seed in side} for side in (first, second)]
    assert Joint(sides).blocked == auto
    assert Joint(sides, "always").blocked == always
    assert not Joint(sides, "never").blocked


@given(st.floats(1e-5, 1e5))
def test_the_inverse_of_the_trigamma_function(value: float) -> None:
    assert special.polygamma(1, _inverse_trigamma(value)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("cells", [1, 7, 1 << 16])
def test_differences_of_many_settings_at_once_are_those_of_each_alone(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, apart, fewer = (table(4, 3, seed=seed) for seed in (1, 2, 3))
    groups = [settings_of(shared), [by_seed(row.tolist(), first=10 * (i + 1)) for i, row in enumerate(apart)]]
    groups.append([by_seed(row.tolist(), first=900) for row in fewer])
    groups.append([by_seed(row.tolist()[: 3 - i % 2], first=1900) for i, row in enumerate(table(5, 3, seed=4))])
    joint = Joint([setting for group in groups for setting in group])
    assert len(joint._blocked) == 3
    monkeypatch.setattr("moetui.core.science.joint.CELLS", cells)
    own, at = np.array([0, 2, 5, 9, 16, 3]), np.array([1, 0, 4, 8, 9, 15, 16, 12])
    seen = [
        (i, facts)
        for some, rows in joint.blocks(own, at)
        for i, *facts in zip(some.tolist(), rows.gap, rows.error, rows.df, strict=True)
    ]
    assert [i for i, _ in seen] == own.tolist()
    for i, facts in seen:
        for j, gap, error, df in zip(at.tolist(), *facts, strict=True):
            pair = joint.row(i, np.array([j]))
            assert (gap, error, df) == (pair.gap[0], pair.error[0], pair.df[0])
