import math

import pytest

from moetui.core.catalogue.records import RunRecord, Scores, Status
from moetui.core.query.fields import FACTS, field
from moetui.core.query.grouping import measure_of, together


def run(run_id: str, loss: float | None, *, status: Status = "finished", **more: object) -> RunRecord:
    fields = {"id": run_id, "name": f"some/lr=1/seed={run_id}", "status": status, "final": Scores(val_loss=loss)}
    return RunRecord.model_validate(fields | more)


LOSS = FACTS["val_loss"]
RUNS = [
    run("1", 5.0, preset="a", group="g", updates=100, update=100),
    run("2", 4.0, preset="b", group="h", updates=100, update=100),
    run("3", 7.0, preset="a", group="g", updates=100, update=100),
    run("4", math.nan, preset="a", group="g", status="diverged"),
    run("5", None, preset="a", group="g", status="running", updates=100, update=50),
]


def test_groups_come_in_the_order_of_their_first_runs_and_hold_all_of_them() -> None:
    groups = together(RUNS, field("preset"), LOSS)
    assert [(group.title, [one.id for one in group.runs]) for group in groups] == [
        ("a", ["1", "3", "4", "5"]),
        ("b", ["2"]),
    ]


def test_a_setting_is_called_by_its_name_without_the_seed() -> None:
    assert [group.title for group in together(RUNS, field("group"), LOSS)] == ["some/lr=1", "some/lr=1"]


def test_runs_without_a_value_come_together() -> None:
    (group,) = together(RUNS, field("study"), LOSS)
    assert group.title == "no study"


def test_a_group_tells_count_best_mean_and_spread_of_its_finite_values() -> None:
    first, second = together(RUNS, field("preset"), LOSS)
    assert (first.best, first.mean, second.best) == (5.0, 6.0, 4.0)
    assert first.sd == pytest.approx(math.sqrt(2))
    assert second.sd is None
    assert first.states == (("live", 1), ("diverged", 1))


def test_where_more_is_better_the_best_is_the_highest() -> None:
    runs = [run("1", None, final=Scores(val_accuracy=share)) for share in (0.1, 0.3, 0.2)]
    (group,) = together(runs, field("preset"), FACTS["val_accuracy"])
    assert group.best == 0.3


def test_the_progress_counts_what_is_missing_and_the_updates_of_what_is_live() -> None:
    first, second = together(RUNS, field("preset"), LOSS)
    assert first.progress == pytest.approx(3.5 / 4)
    assert second.progress == 1.0
    planned = [one.model_copy(update={"study": "s"}) for one in RUNS]
    (study,) = together(planned, field("study"), LOSS, lambda name: {"s": 3}[name])
    assert study.progress == pytest.approx(4.5 / 8)
    assert study.states[-1] == ("missing", 3)


def test_a_list_that_is_sorted_by_a_score_is_judged_by_it() -> None:
    assert measure_of("val_accuracy").key == "val_accuracy"
    assert measure_of("created").key == measure_of("").key == "val_loss"
