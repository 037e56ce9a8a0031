"""One run beside several."""

import numpy as np
import pytest
import statsmodels.api as sm

from moetui.core.science.comparison import compare
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS
from moetui.core.science.prediction import predict
from moetui.core.science.wording import conclusion, judgement
from tests.core.science.records import exp8, group, record, seeds


def test_it_is_the_prediction_interval_of_a_mean() -> None:
    values = [5.1, 5.3, 5.25, 5.18]
    frame = sm.OLS(values, np.ones(4)).fit().get_prediction([1.0]).summary_frame(alpha=0.05)
    found = predict(group(values), 5.2)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((frame["obs_ci_lower"][0], frame["obs_ci_upper"][0]))


@pytest.mark.parametrize("n", [2, 3, 8])
def test_a_further_run_of_the_same_setting_is_outside_in_one_of_twenty(n: int) -> None:
    rng = np.random.default_rng(n)
    found = [predict(group(rng.normal(5, 0.02, n).tolist()), float(rng.normal(5, 0.02))) for _ in range(1500)]
    outside = np.mean([not one.inside for one in found if one])
    assert outside == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 1500))


def test_several_single_runs_share_the_level() -> None:
    alone, among = predict(group([5.0, 5.1, 5.05]), 5.2), predict(group([5.0, 5.1, 5.05]), 5.2, runs=6)
    assert alone is not None
    assert among is not None
    assert among.high > alone.high


def test_one_run_or_no_spread_predicts_nothing() -> None:
    assert predict(group([5.0]), 5.0) is None
    assert predict(group([5.0, 5.0]), 5.0) is None


def test_a_single_run_far_from_eight_replicates_is_no_silence() -> None:
    rng = np.random.default_rng(1)
    runs = [*seeds(rng.normal(5, 0.01, 8).tolist(), setting="eight"), record(5.43, setting="one")]
    found = compare(groups(runs, LOSS), LOSS)
    (one,) = found.differences
    assert one.verdict == "no verdict"
    assert one.prediction is not None
    assert not one.prediction.inside
    assert abs(one.prediction.distance) > 30
    assert "outside prediction" in judgement(one)
    assert "one is one run: no verdict on its setting; it lies outside of" in conclusion(found)


def test_the_exp8_runs_are_held_against_the_five_replicates() -> None:
    found = compare(groups(exp8(), LOSS), LOSS, against="first")
    sides = {one.first.label.rpartition("/")[2]: one.prediction for one in found.differences}
    assert {name: one.inside for name, one in sides.items() if one} == {
        "slower-min-lr": True,
        "constant-lr": True,
        "linear-decay": True,
        "higher-dropout": True,  # 4.3 sd, where five runs and four comparisons allow 5.1
    }
