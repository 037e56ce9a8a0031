"""Which part of the losses an axis covers."""

from collections.abc import Sequence

import numpy as np
import pytest

from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.background import Background
from moetui.core.runs.curves import Curves
from moetui.tui.chart.draw import draw
from moetui.tui.chart.ranges import around
from moetui.tui.curves.board import Board, Look
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.specs import accuracy_spec, gradient_spec, loss_spec

UPDATES = np.arange(1.0, 101)


def run(run_id: str, status: str = "finished", update: int = 100) -> RunRecord:
    known = {"id": run_id, "name": f"s/{run_id}", "status": status, "updates": 100, "update": update}
    return RunRecord.model_validate(known)


def falling(end: float, upto: int = 100, start: float = 8.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return (end + start * np.exp(-UPDATES / 10))[:upto]


def overlay(ends: Sequence[float], *, span: str = "auto", runs: Sequence[RunRecord] = (), **fields: object) -> Overlay:
    runs = runs or [run(chr(97 + place)) for place in range(len(ends))]
    curves = {
        one.id: Curves({"val_loss": (UPDATES[: one.update], falling(end, one.update))})
        for one, end in zip(runs, ends, strict=True)
    }
    board = Board(looks={"loss": Look.model_validate({"span": span})})
    slots = {one.id: place for place, one in enumerate(runs)}
    return Overlay(tuple(runs), curves, slots, board=board, **fields)  # type: ignore[arg-type]


def y_range(*args: object, **named: object) -> tuple[float, float]:
    found = loss_spec(overlay(*args, **named)).y_range  # type: ignore[arg-type]
    assert found is not None
    return found


def test_two_runs_fill_the_axis_with_what_they_differ_by() -> None:
    low, high = y_range([3.0, 3.05])
    assert 2.98 <= low <= 3.0
    assert 3.05 <= high < 3.15


def test_a_run_far_above_the_others_leaves_the_axis_and_the_best_never_does() -> None:
    assert y_range([3.0, 3.05, 3.1, 6.0])[1] < 3.3
    low, high = y_range([3.0, 5.0, 5.02, 5.04])
    assert low < 3.0
    assert high > 5.04


def test_of_two_runs_that_differ_much_both_are_seen() -> None:
    low, high = y_range([3.0, 6.0])
    assert (low < 3.0, high > 6.0) == (True, True)


def test_a_run_that_diverged_or_has_hardly_begun_does_not_stretch_the_axis() -> None:
    assert y_range([3.0, 9.0], runs=[run("a"), run("b", "diverged")])[1] < 3.2
    assert y_range([3.0, 9.0], runs=[run("a"), run("b", "running", update=20)])[1] < 3.2


def test_the_whole_is_shown_until_a_third_is_done_or_on_demand() -> None:
    assert "close" not in loss_spec(overlay([3.0], runs=[run("a", "running", update=32)])).note
    assert "close" in loss_spec(overlay([3.0], runs=[run("a", "running", update=34)])).note
    assert "close" not in loss_spec(overlay([3.0, 3.1], span="full")).note
    assert "close" in loss_spec(overlay([3.0], span="close", runs=[run("a", "running", update=20)])).note


def test_one_run_shows_everything_after_its_warm_up() -> None:
    config = RunConfig.model_validate({"schedule": {"warmup": 0.5}, "training": {"updates": 100}})
    late = y_range([3.0], backgrounds={"a": Background(config)})
    assert late[1] < 3.1
    assert y_range([3.0])[1] > 4.0


def test_a_window_that_is_zoomed_to_has_its_own_range() -> None:
    zoomed = loss_spec(overlay([3.0, 3.1], window=(1.0, 20.0)))
    assert (zoomed.y_range, zoomed.note) == (None, "")
    close = loss_spec(overlay([3.0, 3.1], span="close", window=(1.0, 20.0))).y_range
    assert close is not None
    assert close[1] > 9.0


def test_an_arrow_stands_where_a_curve_leaves_the_axis() -> None:
    drawn = draw(loss_spec(overlay([3.0, 3.05])), 60, 16).plain().splitlines()
    assert drawn[1].count("↑") >= 1
    assert "↑" not in draw(loss_spec(overlay([3.0, 3.05], span="full")), 60, 16).plain()


def test_measures_without_a_good_end_show_everything_by_themselves() -> None:
    curves = {
        "a": Curves({"grad_norm": (UPDATES, falling(1.0)), "val_accuracy": (UPDATES, 1 - falling(0.5, start=0.4))})
    }
    known = Overlay((run("a"),), curves)
    assert gradient_spec(known).y_range is None
    assert accuracy_spec(known).y_range is not None


def test_differences_are_taken_from_the_pinned_run_or_else_from_the_best() -> None:
    board = Board(difference=True)
    known = overlay([3.1, 3.0, 3.2])
    best = loss_spec(Overlay(known.runs, known.curves, known.slots, board=board))
    assert best.title == "Loss − b"
    assert [round(float(series.y[-1]), 6) for series in best.series] == [0.1, 0.0, 0.2]
    pinned = loss_spec(Overlay(known.runs, known.curves, known.slots, board=board, pinned=["a"]))
    assert pinned.title == "Loss − a"
    assert [round(float(series.y[-1]), 6) for series in pinned.series] == [0.0, -0.1, 0.1]


def test_a_difference_is_taken_only_where_both_runs_were_measured() -> None:
    curves = {
        "a": Curves({"val_loss": (np.array([10.0, 20.0, 30.0]), np.array([5.0, 4.0, 3.0]))}),
        "b": Curves({"val_loss": (np.array([10.0, 25.0, 30.0]), np.array([5.5, 4.5, 3.25]))}),
    }
    spec = loss_spec(Overlay((run("a"), run("b")), curves, {"a": 0, "b": 1}, board=Board(difference=True)))
    assert [(list(one.x), list(one.y)) for one in spec.series] == [
        ([10.0, 20.0, 30.0], [0.0, 0.0, 0.0]),
        ([10.0, 30.0], [0.5, 0.25]),
    ]


@pytest.mark.parametrize("board", [Board(difference=True), Board()])
def test_a_single_run_is_drawn_as_it_is(board: Board) -> None:
    known = overlay([3.0])
    assert loss_spec(Overlay(known.runs, known.curves, board=board)).title == "Loss"


def test_the_current_run_is_in_front_and_has_its_training_curve_while_many_are_drawn() -> None:
    runs = [run(name) for name in "abc"]
    curves = {
        one.id: Curves({"val_loss": (UPDATES, falling(3.0)), "train_loss": (UPDATES, falling(2.9))}) for one in runs
    }
    known = Overlay(tuple(runs), curves, {"a": 0, "b": 1, "c": 2}, focus="b")
    assert [(one.name, one.emphasis, one.dots) for one in loss_spec(known).series] == [
        ("a", "dim", False),
        ("b", "faint", True),
        ("b", "strong", False),
        ("c", "dim", False),
    ]


@pytest.mark.parametrize("evaluations", [2, 3, 5])
def test_early_in_a_run_its_few_evaluations_decide_and_not_the_training_loss_below_them(evaluations: int) -> None:
    at = np.arange(1.0, evaluations + 1) * 20
    few = Curves({"val_loss": (at, 4 - at / 100), "train_loss": (UPDATES, np.full(100, 2.0))})
    shown = Overlay(
        (run("a", "running", 100), run("b", "running", 100)), {"a": few, "b": few}, {"a": 0, "b": 1},
        board=Board(looks={"loss": Look(span="close")}),
    )  # fmt: skip
    found = loss_spec(shown).y_range
    assert found is not None
    least = 4 - at[-1] / 100
    assert least - 0.1 * (found[1] - found[0]) < found[0] <= least


@pytest.mark.parametrize("ends", [(3.05, 3.31), (3.0, 3.05), (2.999, 3.27), (5.01, 5.6)])
def test_no_part_of_an_axis_is_left_empty(ends: tuple[float, float]) -> None:
    found = around(np.array(ends))
    assert found is not None
    assert (found[1] - found[0]) < 1.3 * (ends[1] - ends[0])
