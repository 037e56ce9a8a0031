"""Correlations against scipy, and the Pareto front against its definition."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from moetui.core.catalogue.records import Scores
from moetui.core.science.correlation import LEAST, correlation, lr_correlations
from moetui.core.science.evidence import Evidence
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS
from moetui.core.science.pareto import pareto_front, priced
from tests.core.science.records import record, seeds

PAIRS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=4, max_size=20)


@given(PAIRS)
def test_pearsons_correlation_agrees_with_scipy_and_its_interval_is_no_narrower(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, dtype=np.float64).T
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    found, expected = correlation(x, y, "Pearson"), stats.pearsonr(x, y)
    assert found.r == pytest.approx(expected.statistic, abs=1e-12)
    assert (found.low is None) == (len(pairs) < LEAST or abs(expected.statistic) > 1 - 1e-12)
    if found.low is not None and found.high is not None:
        fisher = expected.confidence_interval(0.95)
        assert found.low <= fisher.low + 1e-6
        assert found.high >= fisher.high - 1e-6


@given(PAIRS)
def test_spearmans_correlation_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, dtype=np.float64).T
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    found = correlation(x, y, "Spearman")
    assert found.r == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert found.low is None


@pytest.mark.parametrize("n", [8, 25])
def test_the_interval_covers_the_true_correlation(n: int) -> None:
    rng = np.random.default_rng(11)
    x = rng.normal(size=(400, n))
    y = 0.6 * x + 0.8 * rng.normal(size=x.shape)
    found = [correlation(a, b, "Pearson") for a, b in zip(x, y, strict=True)]
    assert np.mean([one.low < 0.6 < one.high for one in found if one.low and one.high]) >= 0.95


def test_the_interval_covers_where_the_best_rate_lies_in_the_middle() -> None:
    rng = np.random.default_rng(12)
    every = rng.uniform(-1.6, 1.6, 200_000)
    truth = np.corrcoef(every, 0.25 * every**2 + rng.normal(0, 0.05, every.size))[0, 1]
    found = []
    for _ in range(400):
        x = np.sort(rng.uniform(-1.6, 1.6, 12))
        one = correlation(x, 0.25 * x**2 + rng.normal(0, 0.05, 12), "Pearson")
        assert one.low is not None
        assert one.high is not None
        found.append(one.low < truth < one.high)
    assert np.mean(found) >= 0.93


def test_seeds_of_one_rate_are_no_further_rates() -> None:
    runs = [run for lr in (0.01, 0.02, 0.03) for run in seeds([5 + lr, 5.01 + lr, 4.99 + lr], setting=f"{lr}", lr=lr)]
    found = lr_correlations(runs)[0]
    assert (found.n, found.runs, found.low) == (3, 9, None)
    assert found.r == pytest.approx(1)


def test_what_does_not_vary_has_no_correlation() -> None:
    x = np.array([1.0, 2.0, 3.0])
    assert correlation(x, np.ones(3), "Pearson").r is None
    three = correlation(x, np.array([1.0, 3.0, 2.0]), "Pearson")
    assert three.r == pytest.approx(0.5)
    assert three.low is None
    assert correlation(x[:1], x[:1], "Pearson").r is None


def test_learning_rates_are_correlated_with_each_score_that_is_known() -> None:
    runs = [
        record(5 + lr, lr=lr, final=Scores(val_loss=5 + lr, val_accuracy=0.2 - lr / 10)) for lr in (0.01, 0.1, 0.3, 1.0)
    ]
    found = {
        (one.x, one.y, one.method): one.r for one in lr_correlations([*runs, record(None, lr=2.0, status="diverged")])
    }
    assert found["lr", "val_loss", "Pearson"] == pytest.approx(1)
    assert found["lr", "val_accuracy", "Pearson"] == pytest.approx(-1)
    assert found["lr", "val_loss", "Spearman"] == pytest.approx(1)
    assert 0 < (found["log lr", "val_loss", "Pearson"] or 0) < 1
    assert len(found) == 6


POINTS = st.lists(st.tuples(st.integers(0, 8).map(float), st.integers(0, 8).map(float)), max_size=12)


@given(POINTS)
def test_the_front_is_what_nothing_dominates(points: list[tuple[float, float]]) -> None:
    def dominated(point: tuple[float, float]) -> bool:
        return any(other != point and other[0] <= point[0] and other[1] <= point[1] for other in points)

    assert pareto_front(points) == {index for index, point in enumerate(points) if not dominated(point)}


def test_an_unknown_cost_is_never_on_the_front() -> None:
    assert pareto_front([(float("nan"), 1.0), (2.0, float("nan")), (3.0, 3.0)]) == {2}


def test_groups_are_priced_by_the_mean_of_their_counted_runs() -> None:
    def final(loss: float, seconds: float | None) -> Scores:
        return Scores(val_loss=loss, update=100, seconds=seconds)

    runs = [
        record(None, setting="cheap", final=final(6.0, 10.0)),
        record(None, setting="dear", seed=1, final=final(5.0, 20.0)),
        record(None, setting="dear", seed=2, final=final(5.2, 40.0)),
        record(None, setting="waste", final=final(7.0, 50.0)),
        record(None, setting="unknown", final=final(1.0, None)),
    ]
    found = priced(groups(runs, LOSS), list(map(Evidence, runs)), "seconds", LOSS)
    assert {one.group.label: (one.cost, one.front) for one in found} == {
        "cheap": (10.0, True),
        "dear": (30.0, True),
        "waste": (50.0, False),
        "unknown": (None, False),
    }


def test_tokens_count_the_updates_that_were_made() -> None:
    runs = seeds([5.0], updates=7, tokens_per_update=100)
    assert priced(groups(runs, LOSS), list(map(Evidence, runs)), "tokens", LOSS)[0].cost == 700
