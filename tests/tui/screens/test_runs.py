"""The Runs screen on a real laboratory."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from moetui.core.enqueue import enqueue
from moetui.core.lab import Lab
from moetui.core.plan import Selection, plan
from moetui.core.records import RunRecord
from moetui.tui.app import MoetuiApp
from moetui.tui.screens.run_page import RunPage
from moetui.tui.screens.runs import RunsScreen
from moetui.tui.widgets.run_table import RunTable
from tests.conftest import eventually

SIZES = [(60, 15), (80, 24), (120, 40)]
Tested = Pilot[None]


@pytest.fixture
def finished(lab: Lab, fake_engine: Callable[[str], None]) -> list[RunRecord]:
    selection = Selection(
        presets=("quickstart",), settings={"training.device": "cpu"}, axes={"optimizer.lr": (0.01, 0.05)}
    )
    runs = enqueue(lab, plan(lab.library(), selection))
    eventually(lambda: not lab.snapshot().pending and not lab.dispatching())
    return [lab.find(run.id) for run in runs]


async def until(pilot: Tested, condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "never happened"
        await pilot.pause()
        await asyncio.sleep(0.01)


def table(app: MoetuiApp) -> RunTable:
    return app.screen.query_one(RunTable)


def names(app: MoetuiApp) -> list[str]:
    return [run.name for run in table(app).listing.runs]


def said(app: MoetuiApp, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Static).render())


async def listed(pilot: Tested, app: MoetuiApp) -> None:
    await until(pilot, lambda: isinstance(app.screen, RunsScreen) and table(app).listing.runs)


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
async def test_a_run_opens_and_escape_goes_back_to_its_row(
    lab: Lab, finished: list[RunRecord], size: tuple[int, int]
) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=size) as pilot:
        await listed(pilot, app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and "optimizer.lr = 0.01" in said(app, "words"))
        await pilot.press("escape")
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


async def test_marked_runs_are_overlaid_and_published_ones_are_put_in_words(
    lab: Lab, finished: list[RunRecord]
) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("space", "space", "space", "o")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and "have no curves" in said(app, "words"))
        assert "quickstart/lr=0.01" in said(app, "words")


async def test_a_run_is_tagged_and_annotated(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("t", *"warm", "enter")
        await until(pilot, lambda: lab.find(finished[1].id).tags == ("warm",))
        await pilot.press("n", *"[b]why", "enter")
        await until(pilot, lambda: lab.find(finished[1].id).note == "[b]why")


async def test_a_deleted_run_is_brought_back(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: "quickstart/lr=0.05" not in names(app))
        await pilot.press("u")
        await until(pilot, lambda: "quickstart/lr=0.05" in names(app))


async def test_the_trash_lists_deleted_runs_and_restores_them(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: "quickstart/lr=0.05" not in names(app))
        await pilot.press("T")
        await until(pilot, lambda: names(app) == ["quickstart/lr=0.05"])
        await pilot.press("u")
        await until(pilot, lambda: names(app) == [])
        await pilot.press("T")
        await until(pilot, lambda: "quickstart/lr=0.05" in names(app))


async def test_a_damaged_catalogue_is_said_in_one_line_and_the_list_stays(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        path: Path = lab.workspace.runs_json
        path.write_text('{"runs": {')
        await until(pilot, lambda: "line 1, column" in said(app, "about"))
        assert "quickstart/lr=0.05" in names(app)
        assert path.read_text() == '{"runs": {'
