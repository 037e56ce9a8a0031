import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.runs.columns import KEYS, Column
from moetui.core.runs.curves import Curves
from moetui.tui.chart.draw import draw
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import ChartSpec, Series
from moetui.tui.curves.axis import AXES
from moetui.tui.curves.board import COLOURS, Board, Colour, Look
from moetui.tui.curves.charts import CHARTS, Kind
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.specs import accuracy_spec, loss_spec, lr_spec, throughput_spec

Points = Sequence[tuple[float, float]]


def run(run_id: str, **fields: object) -> RunRecord:
    return RunRecord.model_validate(
        {"id": run_id, "name": f"study/{run_id}", "status": "running", "updates": 100} | fields
    )


def columns(points: Points) -> tuple[Column, Column]:
    table = np.array(points, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def curves(keys: Mapping[str, Points]) -> Curves:
    return Curves({key: columns(points) for key, points in keys.items()})


def series_of(overlay: Overlay) -> list[Series]:
    return list(loss_spec(overlay).series)


def test_each_run_has_the_same_colour_and_marker_in_every_chart() -> None:
    known = {key: [(1.0, 2.0)] for key in KEYS}
    overlay = Overlay((run("a"), run("b")), {"a": curves(known), "b": curves(known)}, {"a": 3, "b": 6})
    for kind in CHARTS:
        if kind.key != "experts":
            assert {(one.name, one.slot) for one in kind.spec(overlay).series} == {("a", slot(3)), ("b", slot(6))}


def test_the_training_loss_is_faint_and_the_legend_names_the_validation_loss() -> None:
    measured = {"a": curves({"train_loss": [(1, 8), (2, 7)], "val_loss": [(2, 7.5)]})}
    train, val = series_of(Overlay((run("a"),), measured, {"a": 0}))
    assert (train.emphasis, train.legend) == ("faint", False)
    assert (val.emphasis, val.legend, val.points) == ("strong", True, True)


def test_before_the_first_evaluation_the_legend_names_the_training_loss() -> None:
    (train,) = series_of(Overlay((run("a"),), {"a": curves({"train_loss": [(1, 8)]})}, {"a": 0}))
    assert train.legend


def test_several_runs_are_drawn_thin_so_that_they_do_not_hide_each_other() -> None:
    measured = {key: curves({"val_loss": [(2, 7.5)]}) for key in "ab"}
    assert {one.emphasis for one in series_of(Overlay((run("a"), run("b")), measured, {"a": 0, "b": 1}))} == {"normal"}


def test_a_published_result_is_a_single_point_at_its_update() -> None:
    published = run("p", status="published", updates=1000, final=Scores(val_loss=5.16, val_accuracy=0.25, update=950))
    overlay = Overlay((published,), {}, {"p": 0})
    (loss,) = loss_spec(overlay).series
    (accuracy,) = accuracy_spec(overlay).series
    assert (list(loss.x), list(loss.y)) == ([950], [5.16])
    assert (list(accuracy.x), list(accuracy.y)) == ([950], [0.25])


def test_what_a_published_result_does_not_tell_is_not_drawn() -> None:
    published = run("p", status="published", final=Scores(val_accuracy=0.25))
    assert loss_spec(Overlay((published,), {}, {"p": 0})).series == ()


def test_the_x_axis_reaches_to_the_end_of_the_longest_run_from_the_start() -> None:
    overlay = Overlay((run("a", updates=50), run("b", updates=200)), {"a": curves({"train_loss": [(1, 8)]})})
    assert all(kind.spec(overlay).x_range == (0, 200) for kind in CHARTS if kind.key != "experts")


def test_the_planned_learning_rate_is_faint_under_the_actual_one() -> None:
    plan = columns([(1, 0.1), (100, 0.01)])
    overlay = Overlay((run("a"),), {"a": curves({"lr": [(1, 0.1)]})}, {"a": 0}, {"a": plan})
    planned, actual = lr_spec(overlay).series
    assert (planned.emphasis, planned.legend) == ("faint", False)
    assert (actual.emphasis, actual.legend) == ("strong", True)


def test_a_waiting_run_shows_its_planned_learning_rate_in_the_legend() -> None:
    (planned,) = lr_spec(Overlay((run("a"),), {}, {"a": 0}, {"a": columns([(1, 0.1)])})).series
    assert (planned.emphasis, planned.legend) == ("faint", True)


@pytest.mark.parametrize(("peaks", "log"), [((0.05, 0.1), False), ((0.001, 0.3), True), ((0.05,), False)])
def test_learning_rates_far_apart_share_a_logarithmic_axis(peaks: tuple[float, ...], log: bool) -> None:
    plans = {str(i): columns([(1, peak / 2), (2, peak)]) for i, peak in enumerate(peaks)}
    assert lr_spec(Overlay([run(key) for key in plans], {}, {}, plans)).y_log is log


def test_throughput_is_drawn_from_zero() -> None:
    overlay = Overlay((run("a"),), {"a": curves({"tokens_per_second": [(1, 6500), (2, 6400)]})})
    assert throughput_spec(overlay).y_range == (0, 7000)


def test_a_run_that_ran_away_does_not_flatten_the_others() -> None:
    measured = {"a": curves({"train_loss": [(1, 8), (2, 5)]}), "b": curves({"train_loss": [(1, 8), (2, 1e6)]})}
    limits = loss_spec(Overlay((run("a"), run("b")), measured)).y_range
    assert limits is not None
    assert limits[0] <= 5
    assert 8 < limits[1] < 20


def test_losses_of_the_usual_size_choose_their_own_axis() -> None:
    assert loss_spec(Overlay((run("a"),), {"a": curves({"train_loss": [(1, 8), (2, 5)]})})).y_range is None


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("kind", CHARTS, ids=lambda kind: kind.key)
def test_a_chart_says_that_it_is_smoothed_where_it_is(kind: Kind, colour: Colour) -> None:
    # Bands are those of training only where there are no evaluations, which are never smoothed.
    measured = {key: [(1.0, 4.0), (2.0, 2.0), (3.0, 3.0)] for key in KEYS if key not in ("val_loss", "val_accuracy")}
    runs = (run("a", group="g"), run("b", group="g"))
    known = {one.id: curves(measured) for one in runs}

    def spec(weight: float) -> ChartSpec:
        board = Board(colour=colour, looks={kind.key: Look(weight=weight)})
        return kind.spec(Overlay(runs, known, {"a": 0, "b": 1}, board=board))

    def values(spec: ChartSpec) -> list[list[float]]:
        return [list(one.y) for one in spec.series]

    assert "smooth" not in spec(0.0).note
    assert ("smooth 0.9" in spec(0.9).note) == (values(spec(0.9)) != values(spec(0.0)))
    assert kind.raw == ("smooth 0.9" not in spec(0.9).note)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 1e300, 0.0, -1.0])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_whatever_was_measured_can_be_drawn(odd: float, count: int) -> None:
    points = [(float(i), odd) for i in range(count)]
    runs = (run("a", updates=0, group="g"), run("b", updates=0, group="g"))
    known = {one.id: curves(dict.fromkeys(KEYS, points)) for one in runs}
    for axis in AXES:
        for colour in COLOURS:
            looks = {kind.key: Look(log=True, weight=0.9) for kind in CHARTS}
            board = Board(axis=axis, colour=colour, looks=looks)
            overlay = Overlay(runs, known, {"a": 0}, {"a": columns(points)}, board)
            for kind in CHARTS:
                assert draw(kind.spec(overlay), 40, 9).height == 9
