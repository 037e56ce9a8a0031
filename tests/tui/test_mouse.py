"""The mouse works where people expect it; for all of it there are keys."""

import pytest
from textual.events import MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp
from textual.pilot import Pilot
from textual.widget import Widget

from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.curves.grid import CurveGrid
from moetui.tui.curves.window import selected
from moetui.tui.dialogs.pick import Pick, Rows
from moetui.tui.launch.form import Form
from moetui.tui.launch.form_list import FormList
from moetui.tui.launch.tick_list import TickRows
from moetui.tui.live.run_list import RunList
from moetui.tui.run.page import RunPage
from moetui.tui.widgets.head import Head
from moetui.tui.widgets.run_table import RunTable
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.seen import seen, until


@pytest.fixture
def study(lab: Lab) -> None:
    for index in range(4):
        end_run(lab, write_run(lab, f"r{index}", name=f"s/lr={index}", study="s", created=1000 + index * 1e-3))


async def curves(pilot: Pilot[None]) -> Chart:
    """The chart of the loss, as soon as it has curves."""
    grid = pilot.app.screen.query_one(CurveGrid)
    await until(pilot, lambda: grid.query(Chart).first().spec.series)
    await pilot.pause()
    return grid.query(Chart).first()


def send(widget: Widget, kind: type, x: int, y: int = 4) -> None:
    at = widget.content_region.offset
    widget.post_message(
        kind(widget, x, y, 0, 0, 1 if kind in (MouseDown, MouseMove, MouseUp) else 0, False, False, False,
             screen_x=at.x + x, screen_y=at.y + y)
    )  # fmt: skip


def column_of(chart: Chart, x: float) -> int:
    """The column of the chart whose x is nearest."""
    plane = chart._drawing.plane
    assert plane is not None
    return min(range(plane.left, plane.left + plane.columns), key=lambda column: abs(plane.x_at(column) - x))


@pytest.mark.usefixtures("study")
async def test_a_click_puts_the_cursor_and_the_wheel_zooms_around_the_pointer(lab: Lab) -> None:
    app = MoetuiApp(lab, start="live")
    async with app.run_test(size=(80, 24)) as pilot:
        chart = await curves(pilot)
        await pilot.click(Chart, offset=(column_of(chart, 50), 5))
        await until(pilot, lambda: chart.spec.cursor is not None and abs(chart.spec.cursor - 50) <= 3)
        send(chart, MouseScrollUp, column_of(chart, 50))
        await until(pilot, lambda: chart.spec.x_range != (0.0, 100.0))
        low, high = chart.spec.x_range or (0.0, 0.0)
        assert high - low == pytest.approx(80)
        assert (low + high) / 2 == pytest.approx(50, abs=2)
        send(chart, MouseScrollDown, column_of(chart, 50))
        send(chart, MouseScrollDown, column_of(chart, 50))
        await until(pilot, lambda: chart.spec.x_range == (0.0, 100.0))


@pytest.mark.usefixtures("study")
async def test_dragging_selects_a_window_and_shades_it_on_the_way(lab: Lab) -> None:
    app = MoetuiApp(lab, start="live")
    async with app.run_test(size=(80, 24)) as pilot:
        chart = await curves(pilot)
        start, end = column_of(chart, 80), column_of(chart, 20)
        send(chart, MouseDown, start)
        send(chart, MouseMove, end)
        await until(pilot, lambda: "zoom" in seen(app))
        send(chart, MouseUp, end)
        await until(pilot, lambda: chart.spec.x_range != (0.0, 100.0))
        assert list(chart.spec.x_range or ()) == pytest.approx([20, 80], abs=3)
        assert chart.spec.cursor is None
        await until(pilot, lambda: "zoom" not in seen(app))


def test_a_window_is_never_closer_than_one_can_look() -> None:
    assert selected((0.0, 100.0), (0.0, 100.0)) is None
    assert selected((70.0, 20.0), (0.0, 100.0)) == (20.0, 70.0)
    assert selected((-5.0, 200.0), (0.0, 100.0)) is None
    low, high = selected((50.0, 50.0), (0.0, 100.0)) or (0.0, 0.0)
    assert high > low


@pytest.mark.usefixtures("study")
async def test_a_click_goes_to_a_place_and_to_a_section(lab: Lab) -> None:
    app = MoetuiApp(lab, start="live")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.picture.snapshot.taken)
        await pilot.click(Head, offset=(seen(app).splitlines()[0].index("3 Runs"), 0))
        await until(pilot, lambda: app.current_mode == "runs")
        table = app.screen.query_one(RunTable)
        await until(pilot, lambda: len(table.listing.runs) == 4)
        await pilot.pause()
        await pilot.click(RunTable, offset=(5, 3))
        await until(pilot, lambda: table.current is not None and table.current.name == "s/lr=1")
        await pilot.click(RunTable, offset=(5, 3), times=2)
        await until(pilot, lambda: isinstance(app.screen, RunPage))
        await pilot.pause()
        line = next(y for y, row in enumerate(seen(app).splitlines()) if "f Facts" in row)
        await pilot.click(offset=(seen(app).splitlines()[line].index("f Facts") + 1, line))
        await until(pilot, lambda: "directory" in seen(app))


@pytest.mark.usefixtures("study")
async def test_clicks_move_the_cursors_of_lists(lab: Lab) -> None:
    app = MoetuiApp(lab, start="live")
    async with app.run_test(size=(80, 24)) as pilot:
        runs = app.screen.query_one(RunList)
        await curves(pilot)
        await pilot.click(RunList, offset=(5, 3))
        await until(pilot, lambda: runs.current is not None and runs.current.name == "s/lr=2")
        send(runs, MouseScrollUp, 5)
        await until(pilot, lambda: runs.current is not None and runs.current.name == "s/lr=1")
        await pilot.press("C")
        await until(pilot, lambda: isinstance(app.screen, Pick) and app.focused)
        picked = app.screen.query_one(Rows)
        await until(pilot, lambda: len(picked.picked) > 3)
        before = picked.picked
        await pilot.click(Rows, offset=(5, 2))
        await until(pilot, lambda: picked.picked == before[:2] + before[3:])


async def test_clicks_tick_values_and_open_keys_of_the_form(lab: Lab) -> None:
    app = MoetuiApp(lab, start="launch")
    async with app.run_test(size=(80, 24)) as pilot:
        rates = app.screen.query(TickRows).first()
        await until(pilot, lambda: len(rates.rows) == 3)
        await pilot.pause()
        await pilot.click("#rates TickRows", offset=(2, 2))
        await until(pilot, lambda: [row.ticked for row in rates.rows] == [True, False, True])
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Form))
        await pilot.pause()
        await pilot.click(FormList, offset=(5, 2), times=2)
        await until(pilot, lambda: app.screen.query_one("#value").has_class("-open"))


async def test_the_plan_of_the_last_session_is_on_the_screen(lab: Lab) -> None:
    async with MoetuiApp(lab, start="launch").run_test(size=(80, 24)) as pilot:
        rates = pilot.app.screen.query(TickRows).first()
        await until(pilot, lambda: len(rates.rows) == 3)
        await pilot.press("right", "space")
        await until(pilot, lambda: not rates.rows[0].ticked)
    async with MoetuiApp(lab, start="launch").run_test(size=(80, 24)) as pilot:
        again = pilot.app.screen.query(TickRows).first()
        await until(pilot, lambda: [row.ticked for row in again.rows] == [False, True, True])
