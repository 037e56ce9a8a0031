"""The form of the Launch screen, driven by its keys."""

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from moetui.core.preferences import workspace_file
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.launch.form import Form
from moetui.tui.launch.form_list import FormList
from moetui.tui.widgets.line import Line
from tests.tui.screens.test_launch import SIZES, ready, said, screen, type_text, until


async def opened(pilot: Pilot[None], search: str = "") -> Form:
    await ready(pilot)
    await pilot.press("e")
    await until(pilot, lambda: isinstance(pilot.app.screen, Form), "the form is open")
    form = pilot.app.screen
    assert isinstance(form, Form)
    if search:
        await pilot.press("slash")
        await type_text(pilot, search)
        await until(pilot, lambda: current(form) == search, "the key is found")
        await pilot.press("enter")
    return form


def current(form: Form) -> str:
    row = form.query_one(FormList).current
    return row.key if row else ""


def text(form: Form, part: str) -> str:
    return str(form.query_one(f"#{part}", Static).render())


@pytest.mark.parametrize("size", SIZES)
async def test_every_key_can_be_reached_at_every_size(lab: Lab, size: tuple[int, int]) -> None:
    async with MoetuiApp(lab).run_test(size=size) as pilot:
        form = await opened(pilot)
        rows = form.query_one(FormList)
        keys = [row.key for row in rows.rows if row.info]
        seen = [current(form)]
        for _ in keys[1:]:
            rows.move(1)
            seen.append(current(form))
        assert seen == keys
        await pilot.pause()
        line = rows.render_line(rows.size.height - 1).text + rows.render_line(rows.size.height - 2).text
        assert keys[-1].rpartition(".")[2] in line


async def test_a_value_is_checked_as_it_is_typed_and_kept_when_it_is_right(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        form = await opened(pilot, "training.updates")
        assert "Optimizer updates." in text(form, "detail")
        await pilot.press("enter", "backspace", "backspace")
        await until(pilot, lambda: "'' is not a whole number" in text(form, "fault"), "nothing is no number")
        await type_text(pilot, "0")
        await until(pilot, lambda: "training.updates" in text(form, "fault"), "the fault is told")
        await pilot.press("enter")  # is not taken
        await pilot.press("backspace", "9")
        await until(pilot, lambda: text(form, "fault").startswith("enter keeps"), "the fault is gone")
        await pilot.press("enter")
        assert "1 changed" in text(form, "caption")
        assert "changed from 80" in text(form, "detail")
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert "training.updates=9" in said(pilot, "note")
        assert screen(pilot).query_one(Chart).spec.x_range == (0.0, 9.0)
        form = await opened(pilot, "training.updates")
        await pilot.press("x", "escape", "escape")
        await pilot.pause()
        assert "training.updates" not in said(pilot, "note")


async def test_any_key_becomes_an_axis_of_the_grid(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        form = await opened(pilot, "training.batch_size")
        await pilot.press("g")
        await until(pilot, lambda: "several: 1 2 4" in text(form, "fault"), "what it takes is told")
        await pilot.press(*["backspace"] * 5)
        await type_text(pilot, "4..8 x2")
        await pilot.press("enter", "escape", "escape")
        await pilot.pause()
        assert said(pilot, "totals").startswith("6 runs")
        assert "training.batch_size=[4 8]" in said(pilot, "note")


async def test_a_choice_is_turned_and_only_what_changed_can_be_shown(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        form = await opened(pilot, "optimizer.nesterov")
        await pilot.press("space")
        assert "changed from yes" in text(form, "detail")
        await pilot.press("escape", "c")
        assert [row.key for row in form.query_one(FormList).rows if row.info] == ["optimizer.nesterov"]
        await pilot.press("c", "escape")
        await pilot.pause()
        assert "optimizer.nesterov=no" in said(pilot, "note")


@pytest.mark.parametrize("key", ["enter", "g"])
async def test_a_value_that_is_only_looked_at_stays_as_it_is(lab: Lab, key: str) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        form = await opened(pilot, "optimizer.momentum")
        line = form.query_one("#value", Line)
        before = form._desk.present()
        await pilot.press(key, "enter")
        assert "nothing changed" in text(form, "caption")
        assert form._desk.present() == before
        for key_of_line, typed in (("enter", "0.91234567891"), ("g", "0.91234567891 0.92345678912")):
            await pilot.press(key_of_line, *["backspace"] * len(line.value))
            await type_text(pilot, typed)
            await pilot.press("enter")
            edits = form._desk.edits
            await pilot.press(key_of_line)
            assert line.value == typed
            await pilot.press("enter", key, "enter")
            assert form._desk.edits == edits


async def test_a_varied_key_gets_one_value_when_one_is_typed(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        form = await opened(pilot, "training.batch_size")
        await pilot.press("g", *["backspace"] * 5)
        await type_text(pilot, "4 8")
        await pilot.press("enter", "enter", "4", "enter")
        assert (form._desk.edits.settings, form._desk.edits.axes) == ({"training.batch_size": 4}, {})


async def test_an_edit_can_be_left(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        form = await opened(pilot, "training.updates")
        await pilot.press("enter", "7", "escape")
        assert "nothing changed" in text(form, "caption")
        assert pilot.app.focused is form.query_one(FormList)
        await pilot.press("question_mark")
        await until(pilot, lambda: pilot.app.screen is not form, "the help of the form is shown")


async def test_the_keys_that_move_are_actions_except_in_an_open_line(lab: Lab) -> None:
    workspace_file(lab.workspace).write_text('[keys.form]\n"row(0)" = "T"\n')
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        form = await opened(pilot)
        keys = [row.key for row in form.query_one(FormList).rows if row.info]
        for key, expected in (("j", keys[1]), ("down", keys[2]), ("k", keys[1]), ("end", keys[-1]), ("T", keys[0])):
            await pilot.press(key)
            assert current(form) == expected, key
        await pilot.press("pagedown")
        assert current(form) not in keys[:4]
        await pilot.press("pageup", "G", "home")  # another key is the one to the first now
        assert current(form) == keys[-1]
        await pilot.press("T", "slash", *"optimizer", "up", "pagedown")
        await pilot.pause()
        first = current(form)
        await pilot.press("down")
        assert (pilot.app.focused, current(form)) == (form.query_one(FormList), first)
        await pilot.press("down")
        assert current(form) != first


async def test_what_is_typed_takes_the_place_of_the_old_value(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        form = await opened(pilot, "training.updates")
        assert " 1 key" in text(form, "caption")
        assert "1 keys" not in text(form, "caption")
        await pilot.press("enter", *"7", "enter")
        row = form.query_one(FormList).current
        assert row is not None
        assert row.value == "7"


async def test_the_keys_are_counted_where_a_search_has_found_them(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        form = await opened(pilot)
        assert not any(map(str.isdigit, text(form, "caption")))
        await pilot.press("slash")
        await type_text(pilot, "training.updates")
        await until(pilot, lambda: text(form, "caption").endswith(" · 1 key found"), "the count")
