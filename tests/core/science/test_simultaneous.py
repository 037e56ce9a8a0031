"""Critical values of many comparisons, against scipy's ranges and a simulation."""

import numpy as np
import pytest
from scipy import stats

from moetui.core.science.simultaneous import EXACT, all_pairs, all_pairs_p, with_one


@pytest.mark.parametrize("settings", [2, 3, 5, 12, 26])
@pytest.mark.parametrize("level", [0.05, 0.004])
def test_all_pairs_are_tukeys_range(settings: int, level: float) -> None:
    expected = stats.studentized_range.isf(level, settings, 1e6) / np.sqrt(2)
    assert all_pairs(settings, level) == pytest.approx(expected, rel=1e-4)
    assert all_pairs_p(all_pairs(settings, level), settings) == pytest.approx(level, rel=1e-6)


def test_far_out_the_p_is_never_zero_and_falls() -> None:
    values = [all_pairs_p(z, 5) for z in (5.0, 7.9, 8.1, 12.0, 30.0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0


@pytest.mark.parametrize("variances", [(1.0, 1.0), (1.0,) * 5, (1.0,) * 12, (1.0, 0.01, 4.0, 25.0), (9.0, 1e-4, 1e-4)])
def test_with_one_keeps_its_level_whatever_the_variances(variances: tuple[float, ...]) -> None:
    variance = np.array(variances)
    q = with_one(variance[:1], variance[None, 1:], 0.05)[0]
    z = np.random.default_rng(1).standard_normal((400_000, len(variance))) * np.sqrt(variance)
    worst = ((z[:, 1:] - z[:, :1]) / np.sqrt(variance[1:] + variance[0])).max(axis=1)
    assert (worst > q).mean() == pytest.approx(0.05, abs=0.0015)


def test_for_very_many_the_bound_takes_over_without_a_step() -> None:
    exact, bound = (with_one(np.ones(1), np.ones((1, n)), 0.05)[0] for n in (EXACT, EXACT + 1))
    assert exact < bound < 1.08 * exact
