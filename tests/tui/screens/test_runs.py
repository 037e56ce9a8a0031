"""The list of runs, their pages and overlays, on a real laboratory."""

from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import Series
from moetui.tui.chart.widget import Chart
from moetui.tui.curves.grid import CurveGrid
from moetui.tui.dialogs.ask import Ask
from moetui.tui.run.log import LogView
from moetui.tui.run.page import RunPage
from moetui.tui.runs.screen import RunsScreen
from tests.tui.screens.runs_seen import PUBLISHED, listed, names, said, table
from tests.tui.seen import until

SIZES = [(60, 15), (80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES)
async def test_own_and_published_runs_are_listed_the_newest_first(
    lab: Lab, finished: list[RunRecord], size: tuple[int, int]
) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=size) as pilot:
        await listed(pilot, app)
        assert names(app)[:2] == ["quickstart/lr=0.05", "quickstart/lr=0.01"]
        assert "published/schedule/baseline" in names(app)


async def test_typing_filters_and_escape_shows_all_again(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        total = len(names(app))
        await pilot.press("slash", *"lr<0.02", "space", *"quick")
        await until(pilot, lambda: names(app) == ["quickstart/lr=0.01"])
        await pilot.press("enter", "escape")
        await until(pilot, lambda: len(names(app)) == total)
        assert not app.screen.query_one(Input).has_focus


async def test_keys_of_one_burst_go_where_the_key_before_them_leads(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        burst(app, "slash", *"0.01")
        await until(pilot, lambda: names(app) == ["quickstart/lr=0.01"])
        assert app.screen.query_one(Input).value == "0.01"
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) > 1)
        burst(app, "t", *"warm")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("enter")
        await until(pilot, lambda: lab.find(finished[0].id).tags == ("warm",))


def burst(app: MoetuiApp, *keys: str) -> None:
    """Press keys faster than the app can act on the first."""
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else None))


async def test_sorting_by_a_column_and_turning_it_around(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(120, 40)) as pilot:
        await listed(pilot, app)
        for _ in range(20):
            await pilot.press("right_square_bracket")
            await until(pilot, lambda: True)
            order = table(app).listing.order
            if order is not None and order.key == "lr":
                break
        rates = [run.lr for run in table(app).listing.runs if run.lr is not None]
        assert rates == sorted(rates)
        await pilot.press("v")
        await until(pilot, lambda: [run.lr for run in table(app).listing.runs if run.lr is not None] == rates[::-1])


@pytest.mark.parametrize("size", SIZES)
async def test_a_run_opens_section_by_section_and_escape_goes_back_to_its_row(
    lab: Lab, finished: list[RunRecord], size: tuple[int, int]
) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=size) as pilot:
        await listed(pilot, app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and app.screen.query_one(CurveGrid).display)
        assert "quickstart/lr=0.01" in said(app, "summary")
        await pilot.press("g")
        await until(pilot, lambda: "optimizer.lr = 0.01" in said(app, "words"))
        assert app.screen.query_one(CurveGrid).display == (size[1] > 34)
        await pilot.press("left")
        await until(pilot, lambda: "directory   runs/" in said(app, "words"))
        await pilot.press("p")
        await until(pilot, lambda: "git" in said(app, "words") or "host" in said(app, "words"))
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, LogView))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        current = table(app).current
        assert current is not None
        assert current.name == "quickstart/lr=0.01"


async def test_a_published_result_opens_with_its_source(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and ".txt" in said(app, "words"))
        await pilot.press("l")
        assert isinstance(app.screen, RunPage)


async def test_marked_runs_are_overlaid_in_the_order_and_the_colours_of_their_marks(
    lab: Lab, finished: list[RunRecord]
) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("down", "space", "up", "up", "space", "o")
        await until(pilot, lambda: isinstance(app.screen, RunPage))
        await until(pilot, lambda: [one.name for one in legend(app, "Loss")] == ["lr=0.01", "lr=0.05"])
        assert [one.slot for one in legend(app, "Loss")] == [slot(0), slot(1)]
        await pilot.press("g")
        await until(pilot, lambda: "optimizer.lr" in said(app, "words"))
        assert "optimizer.momentum" not in said(app, "words")  # it is the same in both


async def test_published_results_are_overlaid_as_points_and_that_is_said(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(120, 40)) as pilot:
        await listed(pilot, app)
        await pilot.press("space", "space", "space", "o")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and "1 published" in said(app, "summary"))
        await until(pilot, lambda: len(legend(app, "Accuracy")) == 3)


def legend(app: MoetuiApp, title: str) -> list[Series]:
    chart = next(chart for chart in app.screen.query(Chart) if chart.spec.title == title)
    return [series for series in chart.spec.series if series.legend]


async def test_marks_survive_a_filter_that_hides_them(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("space", "slash", *"0.01", "enter")
        await until(pilot, lambda: names(app) == ["quickstart/lr=0.01"])
        assert "1 marked (1 hidden" in said(app, "caption")
        await pilot.press("space")
        assert "2 marked" in said(app, "caption")
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) > 1)
        assert "2 marked (o overlays" in said(app, "caption")


async def test_the_last_of_many_filters_wins_whichever_list_is_made_first(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        burst(app, "slash", *"published")
        await until(pilot, lambda: len(names(app)) == PUBLISHED)
        await pilot.press(*["backspace"] * 9)
        await until(pilot, lambda: len(names(app)) == PUBLISHED + 2)


async def test_a_damaged_catalogue_is_said_in_one_line_and_the_list_stays(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        path: Path = lab.workspace.runs_json
        path.write_text('{"runs": {')
        await until(pilot, lambda: "line 1, column" in said(app, "about"))
        assert "quickstart/lr=0.05" in names(app)
        assert path.read_text() == '{"runs": {'


async def test_a_fault_of_the_filter_is_said_while_the_list_stays(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("slash", *"lrr>1")
        await until(pilot, lambda: "did you mean lr?" in said(app, "caption"))
        assert len(names(app)) == PUBLISHED
        await pilot.press("escape")
        await until(pilot, lambda: said(app, "caption").startswith(f"{PUBLISHED} runs"))


async def test_runs_are_grouped_folded_and_marked_by_group(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("b", *"study", "enter")
        await until(pilot, lambda: table(app).listing.view.group == "study")
        assert "grouped by study" in said(app, "caption")
        lines = len(table(app).listing.lines)
        await pilot.press("home", "space")
        assert "10 marked" in said(app, "caption")
        await pilot.press("enter")
        await until(pilot, lambda: len(table(app).listing.lines) == lines - 10)
        await pilot.press("right")
        await until(pilot, lambda: len(table(app).listing.lines) == lines)
        await pilot.press("z")
        await until(pilot, lambda: len(table(app).listing.lines) == lines - PUBLISHED)
        assert "exp/all" in said(app, "about")


async def test_chosen_columns_sorting_and_grouping_are_there_in_the_next_session(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("C", *"schedule.warmup", "space", "enter")
        await until(pilot, lambda: "schedule.warmup" in [column.key for column in table(app).listing.columns])
        await pilot.press("S", *"floor", "enter")
        await until(pilot, lambda: table(app).listing.order is not None)
        await pilot.press("v", "equals_sign")
        await until(pilot, lambda: table(app).listing.view.differing)
        view = table(app).listing.view
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        assert table(app).listing.view == view
        await pilot.press("C", *"schedule.warmup", "plus", "plus", "enter")
        await until(pilot, lambda: table(app).listing.view.columns[-1] != "schedule.warmup")


async def test_columns_for_which_there_is_no_room_are_reached_to_the_right(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(60, 15)) as pilot:
        await listed(pilot, app)
        assert "perpl." not in table(app).render_line(0).text
        await pilot.press(*["greater_than_sign"] * 6)
        await until(pilot, lambda: "perpl." in table(app).render_line(0).text)
        assert table(app).render_line(0).text.split()[0] == "name"
        await pilot.press(*["less_than_sign"] * 9)
        await until(pilot, lambda: "status" in table(app).render_line(0).text)


async def test_the_cursor_follows_its_run_through_filters_and_groups(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press(*["down"] * 7)
        run = table(app).current
        assert run is not None
        await pilot.press("slash", *run.id)
        await until(pilot, lambda: names(app) == [run.name])
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) == PUBLISHED)
        assert table(app).current == run
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"kept", "enter")
        await until(pilot, lambda: [one.id for one in lab.records() if one.tags] == [run.id])
        await pilot.press("b", "down", "enter")
        await until(pilot, lambda: table(app).listing.view.group == "preset")
        assert (now := table(app).current) is not None
        assert now.id == run.id


async def test_a_filter_that_hides_the_run_under_the_cursor_leads_to_the_first_match(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        first = names(app)[3]
        await pilot.press("end", "slash", *f"name={first}", "enter")
        await until(pilot, lambda: set(names(app)) == {first})
        assert (run := table(app).current) is not None
        await pilot.press("slash", "escape")
        await until(pilot, lambda: len(names(app)) == PUBLISHED)
        assert table(app).current == run


async def test_the_overlay_takes_the_first_eight_of_the_marked_runs(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("m", "o")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and f"8 of {PUBLISHED} runs" in said(app, "summary"))
