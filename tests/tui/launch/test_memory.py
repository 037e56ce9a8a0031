"""The last plan is there again in the next session."""

from dataclasses import replace
from pathlib import Path

import pytest

from moetui.core.planning.presets import Library
from moetui.core.user_state import workspace_state_file
from moetui.tui.launch import lists
from moetui.tui.launch.desk import Desk, Edits
from moetui.tui.launch.memory import FILE, remember_plan, remembered_plan

HERE = Path("/data/lab")


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.collect(Path("/nowhere"))[0]


def on(library: Library, name: str) -> Desk:
    desk = Desk(library)
    desk.take(next(preset for preset in library if preset.name == name))
    return desk


def test_ticks_typed_values_changed_keys_and_scale_come_back(library: Library) -> None:
    desk = on(library, "quickstart")
    desk.edit(Edits({"training.updates": 40}, {"optimizer.momentum": (0.9, 0.95)}))
    assert desk.choice is not None
    choice, _ = lists.added(desk.choice, "rates", "0.7")
    choice, _ = lists.added(choice, "shapes", "3% 4%")
    desk.choose(lists.toggled(choice, "seeds", 2))
    desk.reuse = False
    remember_plan(HERE, desk)
    after, plan = Desk(library), remembered_plan(HERE)
    assert plan is not None
    assert after.resume(plan)
    assert after.outlook == desk.outlook
    assert len(after.outlook.runs) == 2 * 4 * 2 * 2
    assert (after.choice, after.edits, after.reuse) == (desk.choice, desk.edits, False)


def test_a_list_that_was_left_alone_follows_its_preset(library: Library) -> None:
    desk = on(library, "quickstart")
    remember_plan(HERE, desk)
    plan = remembered_plan(HERE)
    assert plan is not None
    assert plan.choice.rates.untouched
    assert plan.choice.shapes.untouched


def test_a_plan_that_cannot_be_planned_any_more_changes_nothing(library: Library) -> None:
    remember_plan(HERE, on(library, "quickstart"))
    plan = remembered_plan(HERE)
    assert plan is not None
    for gone in (
        replace(plan, preset="gone"),
        replace(plan, edits=Edits({"no.such.key": 1})),
        replace(plan, scale="no such scale"),
    ):
        desk = on(library, "lr-guide")
        before = desk.outlook
        assert not desk.resume(gone)
        assert (desk.outlook, desk.scale, desk.edits) == (before, "", Edits())


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"preset": "quickstart"}', '{"preset": 1, "axes": []}'])
def test_a_memory_that_makes_no_sense_is_as_good_as_none(library: Library, kept: str) -> None:
    remember_plan(HERE, on(library, "quickstart"))
    workspace_state_file(HERE, FILE).write_text(kept)
    assert remembered_plan(HERE) is None
