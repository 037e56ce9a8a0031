"""What the user makes of the charts: x axes, smoothing, groups, published results, events."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.runfiles.rundir import Finding
from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.runs.background import Background
from moetui.core.runs.columns import LOADS
from moetui.core.runs.curves import Curves
from moetui.tui.chart.draw import draw
from moetui.tui.chart.palette import slot
from moetui.tui.curves.axis import XAxis
from moetui.tui.curves.board import Board, Colour, KeptBoard, Look
from moetui.tui.curves.charts import CHARTS, experts_spec
from moetui.tui.curves.events import events_near, ghosts_of, marks
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.specs import gradient_spec, loss_spec

CONFIG = RunConfig()


def run(run_id: str, **fields: object) -> RunRecord:
    return RunRecord.model_validate(
        {
            "id": run_id.replace("/", "-").replace("=", "-"),
            "name": f"study/{run_id}",
            "status": "running",
            "updates": 100,
            "tokens_per_update": 64,
        }
        | fields
    )


def curves(keys: Mapping[str, Sequence[float]], *, every: int = 1) -> Curves:
    """Values at every so manieth update, with the tokens and the seconds of each."""
    count = max(map(len, keys.values()))
    updates = np.arange(1.0, count + 1) * every
    known = {key: (updates[: len(values)], np.array(values)) for key, values in keys.items()}
    return Curves(known | {"tokens": (updates, updates * 64), "seconds": (updates, updates * 0.5)})


@pytest.mark.parametrize(
    ("axis", "unit"),
    [
        ("updates", 1.0),
        ("tokens", 64.0),
        ("seconds", 0.5),
        ("FLOPs", 64 * CONFIG.model.flops_per_token(CONFIG.data.sequence_length)),
    ],
)
def test_every_axis_runs_on_as_it_was_measured(axis: XAxis, unit: float) -> None:
    overlay = Overlay(
        (run("a"),),
        {"a": curves({"train_loss": [8.0, 7.0, 6.0]})},
        planned={"a": (np.array([1.0, 100.0]), np.array([0.1, 0.01]))},
        board=Board(axis=axis),
        backgrounds={"a": Background(CONFIG)},
    )
    (train,) = loss_spec(overlay).series
    np.testing.assert_allclose(train.x, np.array([1, 2, 3]) * unit)
    np.testing.assert_allclose(CHARTS[1].spec(overlay).series[0].x, np.array([1, 100]) * unit)
    assert loss_spec(overlay).x_range == pytest.approx((0, 100 * unit))


def test_a_run_whose_operations_nobody_knows_is_not_drawn_against_them() -> None:
    overlay = Overlay((run("a"),), {"a": curves({"train_loss": [8.0]})}, board=Board(axis="FLOPs"))
    spec = loss_spec(overlay)
    assert (spec.series, spec.empty) == ((), "no run tells its FLOPs")


def test_the_average_lies_over_the_faint_curve() -> None:
    noisy = [8.0, 6.0, 8.0, 6.0]
    board = Board(looks={"gradient": Look(weight=0.9)})
    raw, smooth = gradient_spec(Overlay((run("a"),), {"a": curves({"grad_norm": noisy})}, board=board)).series
    assert (raw.emphasis, raw.legend, list(raw.y)) == ("faint", False, noisy)
    assert (smooth.emphasis, smooth.legend) == ("strong", True)
    assert float(np.ptp(smooth.y)) < float(np.ptp(raw.y))


def seeds(colour: Colour) -> Overlay:
    runs = (run("lr=1/seed=1", group="g"), run("lr=1/seed=2", group="g"), run("lr=2", group="h"))
    known = {one.id: curves({"val_loss": [5.0 + place, 4.0 + place]}, every=10) for place, one in enumerate(runs)}
    return Overlay(runs, known, {one.id: place for place, one in enumerate(runs)}, board=Board(colour=colour))


def test_the_runs_of_a_group_share_a_colour() -> None:
    assert [one.slot for one in loss_spec(seeds("groups")).series] == [slot(0), slot(0), slot(2)]


def test_a_group_becomes_its_mean_and_its_interval() -> None:
    spec = loss_spec(seeds("bands"))
    alone, mean = spec.series
    (area,) = spec.areas
    assert (alone.name, mean.name) == ("lr=2", "lr=1 n=2")
    assert list(mean.y) == [5.5, 4.5]
    np.testing.assert_allclose(area.high - mean.y, 12.706 * 0.5, rtol=1e-4)  # t(1) · s / √2
    assert "⠡" in draw(spec, 60, 16).plain()
    assert "⠡" not in draw(loss_spec(seeds("groups")), 60, 16).plain()


def test_published_results_stand_beside_the_runs_of_their_preset() -> None:
    def result(run_id: str, **more: object) -> RunRecord:
        fields = {"preset": "p", "status": "published", "published": True, "final": Scores(val_loss=5.1, update=90)}
        return run(run_id, **(fields | more))

    mine = run("a", preset="p", lr=0.1, point={"schedule.warmup": 0.1, "seed": 2})
    fits = result("f", lr=0.1, point={"schedule.warmup": 0.1})
    others = [result("o", preset="q"), result("w", point={"schedule.warmup": 0.2}), result("l", lr=0.2)]
    assert ghosts_of([mine], [*others, fits, mine]) == [(fits, "a")]
    overlay = Overlay((mine,), {}, {"a": 3}, ghosts=ghosts_of([mine], [fits]))
    (ghost,) = loss_spec(overlay).series
    assert (ghost.ghost, ghost.slot, list(ghost.x), list(ghost.y)) == (True, slot(3), [90], [5.1])
    assert "◇ published 5.100" in draw(loss_spec(overlay), 60, 12).plain()


def test_events_are_signs_on_the_axis() -> None:
    finding = Finding(kind="spike", update=80, severity="warning", evidence="9 after 5", advice="wait")
    stopped = run("a", status="stopped", update=90)
    overlay = Overlay(
        (stopped,),
        {"a": curves({"val_loss": [5.0, 4.0, 4.5]}, every=20)},
        backgrounds={"a": Background(None, (finding,), (40, 60))},
    )
    assert [(mark.sign, mark.x) for mark in marks(overlay)] == [("c", 40), ("c", 60), ("b", 40), ("x", 90), ("!", 80)]
    assert list(events_near(overlay, 79.0, 2.0)) == ["study/a spike: 9 after 5"]
    axis = next(line for line in draw(CHARTS[0].spec(overlay), 120, 12).plain().splitlines() if "└" in line)
    assert all(sign in axis for sign in "cbx!")
    assert marks(Overlay(overlay.runs, overlay.curves, board=Board(events=False))) == ()


def test_the_legend_tells_the_values_at_the_cursor() -> None:
    overlay = Overlay((run("a"),), {"a": curves({"val_loss": [5.0, 4.0, 3.0]}, every=10)}, cursor=25.0)
    drawn = draw(loss_spec(overlay), 60, 12).plain()
    assert "● study/a 4.000" in drawn
    assert "│" in drawn.splitlines()[3][10:30]


def at_cursor(cursor: float | None, window: tuple[float, float] | None = None, *, width: int = 60) -> str:
    train = {"train_loss": (np.arange(1.0, 31), np.arange(1.0, 31) / 10 + 1)}
    val = {"val_loss": (np.array([10.0, 20.0, 30.0]), np.array([5.0, 4.0, 3.0]))}
    return draw(
        loss_spec(Overlay((run("a"),), {"a": Curves(train | val)}, cursor=cursor, window=window)), width, 12
    ).plain()


def test_a_value_that_was_measured_before_the_cursor_tells_where() -> None:
    assert "val 4.000@20 · train 3.500" in at_cursor(25.0)
    assert "val 4.000 · train 3.000" in at_cursor(20.0)
    assert "val – · train 1.500" in at_cursor(5.0)
    assert "val 3.000@30 · train 4.000@30" in at_cursor(90.0)


def test_the_training_loss_has_room_beside_the_validation_loss_at_the_usual_size() -> None:
    runs = tuple(run(key) for key in "abc")
    known = {key: curves({"train_loss": [5.0, 4.0], "val_loss": [5.5, 4.5]}, every=10) for key in "abc"}
    overlay = Overlay(runs, known, {key: place for place, key in enumerate("abc")}, cursor=20.0)
    assert draw(loss_spec(overlay), 80, 9).plain().count("val 4.500 · train 4.000") == 3
    assert draw(loss_spec(overlay), 39, 9).plain().count("4.500") == 3


def test_a_zoomed_chart_tells_the_values_of_its_window() -> None:
    assert "● study/a val 4.000" in at_cursor(None, (5.0, 25.0))
    assert "● study/a val 4.000 · train 3.500" in at_cursor(None, (15.0, 25.0))
    drawn = at_cursor(None, (21.0, 29.0))
    assert "5.000" not in drawn
    assert "4.000" not in drawn.splitlines()[0]
    assert "val – · train 3.500" in at_cursor(25.0, (21.0, 29.0))
    assert "3.000" in at_cursor(None)


def test_the_experts_are_those_of_the_evaluation_at_the_cursor() -> None:
    first, last = np.full((2, 4), 0.25, np.float32), np.array([[0.97, 0.01, 0.01, 0.01]] * 2, np.float32)
    known = {"a": Curves({LOADS: (np.array([10.0, 20.0]), np.stack([first, last]))})}
    now = draw(experts_spec(Overlay((run("a"),), known)), 60, 10).plain()
    then = draw(experts_spec(Overlay((run("a"),), known, cursor=15.0)), 60, 10).plain()
    assert "97" in now
    assert "update 20" in now
    assert "97" not in then
    assert "update 10" in then


def test_charts_come_with_their_measurements() -> None:
    def keys(known: Curves) -> list[str]:
        return [kind.key for kind in CHARTS if kind.fits(Overlay((run("a"),), {"a": known}))]

    assert keys(Curves()) == ["loss", "lr", "accuracy", "throughput"]
    assert keys(curves({"grad_norm": [1.0], "expert_load_max": [0.2]}))[4:] == ["gradient", "load", "experts"]


def test_the_board_is_kept_and_a_damaged_one_is_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "charts.json"
    board = Board(places=9, axis="tokens", hidden=frozenset({"lr"}), looks={"loss": Look(log=True, weight=0.9)})
    kept = KeptBoard(path)
    kept.keep(board)
    assert KeptBoard(path).read() == board
    path.write_bytes(b'{"places": 99, "axis": "\xff"}')
    assert KeptBoard(path).read() == Board()
    assert kept.read() == board
    path.unlink()
    assert kept.read() == board
    assert KeptBoard(path).read() == Board()


def test_where_no_board_can_be_written_it_lasts_as_long_as_the_program(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no directory")
    path = tmp_path / "state" / "charts.json"
    kept = KeptBoard(path)
    kept.keep(Board(axis="tokens"))
    assert kept.read().axis == "tokens"


def test_the_wide_interval_of_two_seeds_does_not_stretch_the_axis() -> None:
    def ticks(colour: Colour) -> list[str]:
        return [
            line.split("┤")[0] for line in draw(loss_spec(seeds(colour)), 60, 16).plain().splitlines() if "┤" in line
        ]

    highest, *_, lowest = map(float, ticks("bands"))
    assert 3.5 <= lowest < highest <= 7.5
