"""Groups: which runs count, which diverged, which are left out, and under which name."""

import math

import pytest

from moetui.core.catalogue.records import Scores
from moetui.core.errors import UsageError
from moetui.core.science.groups import groups, sample
from moetui.core.science.measure import LOSS, MEASURES, measure
from tests.core.science.records import exp8, record, seeds


def test_runs_that_differ_in_seed_only_form_a_group() -> None:
    first, second = groups([*seeds([5.0, 5.1]), *seeds([4.0], setting="b")], LOSS)
    assert (first.label, first.values, second.label, second.values) == ("a", (5.0, 5.1), "b", (4.0,))


def test_the_five_accidental_replicates_of_exp8_are_one_group() -> None:
    replicates = next(group for group in groups(exp8(), LOSS) if group.n > 1)
    assert replicates.n == 5
    assert replicates.label == "published/exp8/baseline"
    assert replicates.summary.sd == pytest.approx(0.0072, abs=1e-4)
    assert max(replicates.values) - min(replicates.values) == pytest.approx(0.0171)
    best = next(group for group in groups(exp8(), measure("val_loss", at="best")) if group.n > 1)
    assert best.values == (5.1413, 5.1398, 5.1310, 5.1332, 5.1436)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_a_divergence(loss: float) -> None:
    (found,) = groups(seeds([5.0, loss]), LOSS)
    assert found.values == (5.0,)
    assert [one.record.seed for one in found.diverged] == [2]
    assert str(loss) in found.diverged[0].reason


def test_a_diverged_run_is_counted_and_named_but_has_no_value() -> None:
    runs = [record(5.0), record(9.0, seed=2, status="diverged", reason="training loss above 16.6 nats")]
    (found,) = groups(runs, LOSS)
    assert (found.n, len(found.diverged), found.tried) == (1, 1, True)
    assert found.diverged[0].reason == "training loss above 16.6 nats"
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("running", "is running"),
        ("queued", "is queued"),
        ("stopped", "stopped at update 40 of 100"),
        ("failed", "failed at update 40 of 100"),
    ],
)
def test_a_run_that_did_not_end_by_itself_is_left_out_with_the_reason(status: str, reason: str) -> None:
    (found,) = groups([record(5.0, status=status, update=40)], LOSS)
    assert (found.n, found.tried) == (0, False)
    assert [one.reason for one in found.left_out] == [reason]


def test_a_run_without_the_score_is_left_out() -> None:
    assert "not known" in sample(record(None), LOSS).reason
    assert "not known" in sample(record(5.0).model_copy(update={"final": None}), LOSS).reason


def test_of_a_repeated_seed_the_newest_result_counts() -> None:
    old, new = record(5.0, created=1.0), record(4.0, created=2.0)
    broken_off = record(3.0, created=3.0, status="failed")
    (found,) = groups([new, old, broken_off], LOSS)
    assert found.values == (4.0,)
    assert {one.record.id for one in found.left_out} == {old.id, broken_off.id}
    assert any(new.id in one.reason for one in found.left_out)


def test_runs_without_a_seed_are_never_repeats() -> None:
    (found,) = groups([record(5.0, seed=None), record(5.1, seed=None)], LOSS)
    assert found.n == 2


def test_groups_of_one_name_are_told_apart_by_their_key() -> None:
    found = groups([record(5.0, group="x", name="same"), record(5.1, group="y", name="same")], LOSS)
    assert [one.label for one in found] == ["same (x)", "same (y)"]


def test_a_run_without_a_group_stands_alone() -> None:
    assert len(groups([record(5.0, group=""), record(5.1, group="", seed=2)], LOSS)) == 2


def test_a_measure_takes_the_last_or_the_best_score() -> None:
    run = record(5.2, best=Scores(val_loss=5.0, val_accuracy=0.25))
    assert measure("val_loss").value(run) == 5.2
    assert measure("val_loss", at="best").value(run) == 5.0
    assert measure("val_accuracy", at="best").value(run) == 0.25
    assert measure("val_accuracy").value(run) is None


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean val_loss"):
        measure("val_los")
    with pytest.raises(UsageError, match="there are val_loss"):
        measure("speed")


def test_values_are_shown_finely_enough_for_the_noise_between_seeds() -> None:
    assert (LOSS.text(5.15521), LOSS.gap(0.00728), LOSS.text(None)) == ("5.1552", "0.0073", "–")
    assert (MEASURES["val_accuracy"].text(0.2519), MEASURES["val_accuracy"].gap(0.0021)) == ("25.19 %", "0.21")
