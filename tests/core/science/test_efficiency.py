"""Accuracy per minute of training, as a measure, a field and a column."""

import math

import pytest

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.planning.presets import Library
from moetui.core.query.fields import field
from moetui.core.query.filtering import parse_filter
from moetui.core.query.grouping import measure_of
from moetui.core.query.ordering import ordered
from moetui.core.runs.published import published_records
from moetui.core.science.comparison import compare
from moetui.core.science.groups import groups
from moetui.core.science.measure import EFFICIENCY, MEASURES, measure
from moetui.tui.widgets.run_columns import column


def run(name: str, accuracy: float | None, seconds: float | None, **more: object) -> RunRecord:
    record = RunRecord(id=name, name=name, group=name, status="finished", started=0.0, ended=9999.0)
    return record.model_copy(update={"final": Scores(val_accuracy=accuracy, seconds=seconds)} | more)


def test_accuracy_per_minute_is_in_percentage_points_of_training_time() -> None:
    one = measure("accuracy_per_minute")
    assert (one.unit, one.lower_is_better) == ("points per minute", False)
    assert one.value(run("a", 0.25, 150.0)) == pytest.approx(10.0)
    assert one.better(2.0, 1.0)
    assert (one.text(10.0), one.gap(0.5), one.text(None)) == ("10", "0.5", "–")


@pytest.mark.parametrize(("accuracy", "seconds"), [(None, 150.0), (0.25, None), (0.25, 0.0), (0.25, -1.0)])
def test_it_is_unknown_where_accuracy_or_time_is(accuracy: float | None, seconds: float | None) -> None:
    """The time between start and end, which `seconds` shows for want of better, has evaluations and pauses in it."""
    record = run("a", accuracy, seconds)
    assert EFFICIENCY.value(record) is None
    assert field("accuracy_per_minute").read(record) is None
    assert field("accuracy_per_minute").write(record) == ""


def test_a_run_without_scores_has_none() -> None:
    assert EFFICIENCY.value(RunRecord(id="a", name="a", status="failed")) is None


def test_the_best_one_is_that_of_the_best_evaluation() -> None:
    best = Scores(val_accuracy=0.2, seconds=60.0)
    record = run("a", 0.25, 150.0, best=best)
    assert measure("accuracy_per_minute", at="best").value(record) == pytest.approx(20.0)


def test_an_accuracy_that_is_no_number_stays_one() -> None:
    value = EFFICIENCY.value(run("a", math.nan, 60.0))
    assert value is not None
    assert math.isnan(value)


def test_the_published_exp8_gains_6_6_points_per_minute() -> None:
    (record,) = [one for one in published_records(Library.load()) if one.name == "published/exp8/baseline"]
    assert EFFICIENCY.value(record) == pytest.approx(25.19 / 3.83)


def test_settings_are_compared_by_it_the_highest_first() -> None:
    runs = [run("slow", 0.25, 300.0), run("quick", 0.2, 60.0), run("unknown", 0.3, None)]
    found = compare(groups(runs, EFFICIENCY), EFFICIENCY)
    assert [group.label for group in found.groups] == ["quick", "slow", "unknown"]


def test_it_filters_sorts_groups_and_is_a_column() -> None:
    runs = [run("slow", 0.25, 300.0), run("quick", 0.2, 60.0), run("unknown", 0.3, None)]
    assert [one.name for one in runs if parse_filter("accuracy_per_minute>10").matches(one)] == ["quick"]
    known = field("accuracy_per_minute")
    assert [one.name for one in ordered(runs, known, descending=True)][:2] == ["quick", "slow"]
    assert measure_of("accuracy_per_minute") is known
    shown = column("accuracy_per_minute")
    assert (shown.title, shown.better, shown.text(runs[1])) == ("acc./min", "high", "20")


def test_the_figures_keep_their_four_measures() -> None:
    assert list(MEASURES) == ["val_loss", "val_accuracy", "val_perplexity", "seconds"]
