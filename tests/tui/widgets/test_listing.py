import math

from moetui.core.records import RunRecord, Scores
from moetui.tui.widgets.listing import Order, list_runs
from moetui.tui.widgets.run_columns import COLUMNS


def run(run_id: str, val_loss: float | None = None) -> RunRecord:
    return RunRecord(id=run_id, name=run_id, status="finished", final=Scores(val_loss=val_loss))


RUNS = [
    run("none"),
    run("five", 5.0),
    run("nan", math.nan),
    run("four", 4.0),
    run("inf", math.inf),
    run("four-again", 4.0),
]


def ids(order: Order | None, query: str = "") -> list[str]:
    return [shown.id for shown in list_runs(RUNS, COLUMNS, order=order, query=query).runs]


def test_without_an_order_runs_stay_as_they_come() -> None:
    assert ids(None) == [r.id for r in RUNS]


def test_ascending_puts_the_lowest_first_and_what_is_unknown_last() -> None:
    assert ids(Order("val_loss")) == ["four", "four-again", "five", "inf", "nan", "none"]


def test_descending_turns_the_numbers_but_leaves_the_unknown_last() -> None:
    assert ids(Order("val_loss", descending=True)) == ["inf", "five", "four", "four-again", "nan", "none"]


def test_every_column_can_be_sorted_by() -> None:
    for column in COLUMNS:
        assert sorted(ids(Order(column.key))) == sorted(r.id for r in RUNS)


def test_rows_find_the_runs() -> None:
    listing = list_runs(RUNS, COLUMNS, order=Order("val_loss"))
    assert all(listing.runs[row].id == run_id for run_id, row in listing.rows.items())
    assert len(listing.rows) == len(RUNS)


def test_the_best_value_is_finite_and_among_the_shown() -> None:
    assert list_runs(RUNS, COLUMNS).best["val_loss"] == 4.0
    without_four = [r for r in RUNS if "four" not in r.id] + [run("six", 6.0)]
    assert list_runs(without_four, COLUMNS).best["val_loss"] == 5.0


def test_a_value_that_all_share_is_not_the_best() -> None:
    assert "val_loss" not in list_runs(RUNS, COLUMNS, query="name:four").best


def test_a_listing_knows_how_many_the_filter_hid() -> None:
    listing = list_runs(RUNS, COLUMNS, query="four")
    assert (len(listing.runs), listing.total) == (2, 6)
