import os
from pathlib import Path

import pytest

from moetui.tui.runs.memory import remember_view, remembered_view
from moetui.tui.widgets.listing import Order, View

HERE, THERE = Path("/data/lab"), Path("/other/lab")


def state() -> Path:
    (folder,) = (Path(os.environ["XDG_STATE_HOME"]) / "moetui" / "workspaces").iterdir()
    return folder / "runs.json"


def test_a_view_is_remembered_but_for_filter_and_folds() -> None:
    view = View(("lr", "schedule.warmup"), Order("model.d_ff", descending=True), "preset", True, True)
    remember_view(HERE, View(view.columns, view.order, view.group, True, True, query="x", folded=frozenset({"a"})))
    assert remembered_view(HERE) == view


def test_without_a_memory_the_view_is_the_usual_one() -> None:
    assert remembered_view(HERE) == View()


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"columns": 3}',
        '{"columns": ["no_such_key"], "sort": "", "group": "", "descending": false}',
    ],
)
def test_a_memory_that_makes_no_sense_is_as_good_as_none(kept: str) -> None:
    remember_view(HERE, View(differing=True))
    state().write_text(kept)
    assert remembered_view(HERE) == View()


def test_each_workspace_has_a_view_of_its_own_even_if_its_folder_has_the_same_name() -> None:
    remember_view(HERE, View(differing=True))
    assert remembered_view(THERE) == View()
    remember_view(THERE, View(archived=True))
    assert (remembered_view(HERE), remembered_view(THERE)) == (View(differing=True), View(archived=True))
