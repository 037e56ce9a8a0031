import math
from types import SimpleNamespace

import pytest

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.tui.widgets import listing
from moetui.tui.widgets.listing import Order, RunIndex, View, list_runs
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
    return [shown.id for shown in list_runs(RUNS, View(order=order, query=query)).runs]


def test_without_an_order_runs_stay_as_they_come() -> None:
    assert ids(None) == [r.id for r in RUNS]


def test_ascending_puts_the_lowest_first_and_what_is_unknown_last() -> None:
    assert ids(Order("val_loss")) == ["four", "four-again", "five", "inf", "nan", "none"]


def test_descending_turns_the_numbers_but_leaves_the_unknown_last() -> None:
    assert ids(Order("val_loss", descending=True)) == ["inf", "five", "four", "four-again", "nan", "none"]


def test_every_column_can_be_sorted_by() -> None:
    for column in COLUMNS:
        assert sorted(ids(Order(column.key))) == sorted(r.id for r in RUNS)


def test_what_was_read_ahead_is_not_read_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    index = RunIndex(RUNS)
    index.read_ahead()
    monkeypatch.setattr(listing, "column", lambda key: SimpleNamespace(value=None))  # nothing that could be called
    for usual in COLUMNS:
        assert len(index.listing(View(order=Order(usual.key))).runs) == len(RUNS)


def test_rows_find_the_runs() -> None:
    found = list_runs(RUNS, View(order=Order("val_loss")))
    assert all(found.runs[row].id == run_id for run_id, row in found.rows.items())
    assert len(found.rows) == len(RUNS)


def test_the_best_value_is_finite_and_among_the_shown() -> None:
    assert list_runs(RUNS).best["val_loss"] == 4.0
    without_four = [r for r in RUNS if "four" not in r.id] + [run("six", 6.0)]
    assert list_runs(without_four).best["val_loss"] == 5.0


def test_a_value_that_all_share_is_not_the_best() -> None:
    assert "val_loss" not in list_runs(RUNS, View(query="name:four")).best


def test_a_listing_knows_how_many_the_filter_hid() -> None:
    listing = list_runs(RUNS, View(query="four"))
    assert (len(listing.runs), listing.total) == (2, 6)


def configured(run_id: str, **fields: object) -> RunRecord:
    base = {"id": run_id, "name": run_id, "status": "finished", "parameters": 1, "settings": {}}
    return RunRecord.model_validate(base | fields)


def test_groups_stand_above_their_runs_and_fold() -> None:
    runs = [configured("a", preset="x"), configured("b", preset="y"), configured("c", preset="x")]
    listing = list_runs(runs, View(group="preset"))
    assert [line.id for line in listing.lines] == ["preset=x", "a", "c", "preset=y", "b"]
    folded = list_runs(runs, View(group="preset", folded=frozenset({"preset=x"})))
    assert [line.id for line in folded.lines] == ["preset=x", "preset=y", "b"]
    assert len(folded.runs) == 3
    assert folded.rows["b"] == 2


def test_archived_runs_are_listed_only_when_they_are_asked_for() -> None:
    runs = [configured("a"), configured("b", archived=1.0)]
    assert [run.id for run in list_runs(runs).runs] == ["a"]
    assert list_runs(runs).hidden == 1
    assert [run.id for run in list_runs(runs, View(archived=True)).runs] == ["a", "b"]
    assert [run.id for run in list_runs(runs, View(query="is:archived")).runs] == ["b"]


def test_any_key_can_be_a_column_and_be_sorted_by() -> None:
    runs = [configured(str(value), settings={"model.d_ff": value}) for value in (3, 1, 2)]
    listing = list_runs(runs, View(columns=("model.d_ff",), order=Order("schedule.kind")))
    assert [column.key for column in listing.columns] == ["name", "model.d_ff", "schedule.kind"]
    assert listing.columns[1].text(runs[0]) == "3"
    assert listing.columns[2].text(runs[0]) == "cosine"


def test_only_what_differs_is_shown() -> None:
    runs = [
        configured("a", lr=0.1, seed=1, settings={"schedule.warmup": 0.2, "model.d_ff": 8}),
        configured("b", lr=0.1, seed=2, settings={"model.d_ff": 8}),
    ]
    listing = list_runs(runs, View(differing=True))
    assert [column.key for column in listing.columns] == ["name", "seed", "id", "schedule.warmup"]


def test_an_index_takes_over_what_it_knows_of_unchanged_runs() -> None:
    runs = [configured(f"{number:02}", lr=float(number)) for number in range(10)]
    before = RunIndex(runs)
    before.listing(View(order=Order("lr"), query="0"))
    changed = [*runs[:3], runs[3].model_copy(update={"lr": 99.0, "note": "07"}), *runs[4:]]
    after = RunIndex(changed, before).listing(View(order=Order("lr", descending=True), query="07"))
    assert [run.id for run in after.runs] == ["03", "07"]
