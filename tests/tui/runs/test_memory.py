import os
from pathlib import Path

import pytest

from moetui.tui.runs.memory import remember_view, remembered_view
from moetui.tui.widgets.listing import Order, View


def state() -> Path:
    return Path(os.environ["XDG_STATE_HOME"]) / "moetui" / "runs.json"


def test_a_view_is_remembered_but_for_filter_and_folds() -> None:
    view = View(("lr", "schedule.warmup"), Order("model.d_ff", descending=True), "preset", True, True)
    remember_view(View(view.columns, view.order, view.group, True, True, query="x", folded=frozenset({"a"})))
    assert remembered_view() == view


def test_without_a_memory_the_view_is_the_usual_one() -> None:
    assert remembered_view() == View()


@pytest.mark.parametrize(
    "kept",
    ["", "{", "[]", '{"columns": 3}', '{"columns": ["no_such_key"], "sort": "", "group": "", "descending": false}'],
)
def test_a_memory_that_makes_no_sense_is_as_good_as_none(kept: str) -> None:
    state().parent.mkdir(parents=True, exist_ok=True)
    state().write_text(kept)
    assert remembered_view() == View()
