"""The planned curves are the engine's."""

import numpy as np

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import PlannedRun, Selection, Variant, plan
from moetui.core.planning.presets import Library
from moetui.core.studies.reference import Reference
from moetui.tui.chart.draw import draw
from moetui.tui.launch.curves import MOST_CURVES, curves_chart, planned_curves, sampled

LIBRARY = Library.load()


def planned(preset: str, rates: tuple[float, ...] = (), seeds: tuple[int, ...] = ()) -> list[PlannedRun]:
    axes = {"optimizer.lr": rates} if rates else {}
    return plan(LIBRARY, Selection(presets=(preset,), axes=axes, seeds=seeds))


def test_each_point_is_the_learning_rate_that_the_engine_trains_with() -> None:
    runs = planned("quickstart")
    for run, series in zip(runs, curves_chart(planned_curves(runs)).series, strict=True):
        assert list(series.y) == [run.config.lr_at(update) for update in range(1, run.config.training.updates + 1)]


def test_seeds_share_a_curve() -> None:
    curves = planned_curves(planned("quickstart", seeds=(1, 2, 3)))
    assert curves.total == 3
    assert curves.slots == (0, 0, 0, 1, 1, 1, 2, 2, 2)


def test_of_many_curves_eight_are_drawn_from_the_first_to_the_last() -> None:
    rates = tuple(i / 100 for i in range(1, 27))
    curves = planned_curves(planned("base/moe-tiny", rates))
    drawn = [config.optimizer.lr for config in curves.drawn]
    assert len(set(drawn)) == MOST_CURVES
    assert (drawn[0], drawn[-1]) == (0.01, 0.26)
    assert sum(number is not None for number in curves.slots) == MOST_CURVES
    assert "8 of 26" in curves_chart(curves).title


def test_a_curve_is_named_by_what_sets_it_apart() -> None:
    assert [s.name for s in curves_chart(planned_curves(planned("quickstart"))).series] == ["0.01", "0.05", "0.3"]
    shapes = (Variant("", {}), Variant("v", {"schedule.warmup": 0.2, "schedule.floor": 0.0}))
    runs = plan(LIBRARY, Selection(presets=("base/moe-tiny",), variants=shapes))
    assert [s.name for s in curves_chart(planned_curves(runs)).series] == ["10%→5%", "20%→0%"]


def test_learning_rates_far_apart_share_a_logarithmic_axis() -> None:
    assert curves_chart(planned_curves(planned("base/moe-tiny", (0.001, 0.3)))).y_log
    assert not curves_chart(planned_curves(planned("base/moe-tiny", (0.1, 0.3)))).y_log


def test_a_long_run_is_sampled_with_its_first_and_last_update() -> None:
    run = plan(LIBRARY, Selection(presets=("base/moe-tiny",), settings={"training.updates": 1_000_000}))[0]
    updates = sampled(run.config)
    assert (updates[0], updates[-1]) == (1, 1_000_000)
    assert len(updates) <= 400
    assert np.all(np.diff(updates) > 0)


def test_no_plan_is_an_empty_chart() -> None:
    assert "nothing planned" in draw(curves_chart(planned_curves([])), 60, 10).plain()


def test_a_published_curve_lies_faint_under_the_planned_ones_and_widens_the_axis() -> None:
    runs = planned("quickstart")
    longer = planned("schedule/baseline")[0].config
    record = RunRecord(id="p", name="p", status="published", published=True)
    chart = curves_chart(planned_curves(runs), Reference(record, 7.399, longer))
    *own, ghost = chart.series
    assert [series.name for series in own] == ["0.01", "0.05", "0.3"]
    assert (ghost.name, ghost.emphasis) == ("published 7.399", "faint")
    assert chart.x_range == (0.0, float(max(80, longer.training.updates)))
    assert curves_chart(planned_curves([]), Reference(record, 7.4, longer)).series == ()
