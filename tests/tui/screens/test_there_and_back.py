"""Keys that come in pairs: what one does, the other takes back."""

from collections.abc import Callable, Hashable

import pytest
from textual.app import App
from textual.containers import VerticalScroll

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Wait
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.curves.grid import CurveGrid
from moetui.tui.devices.queue_list import QueueList
from moetui.tui.dialogs.pick import Pick
from moetui.tui.live.run_list import RunList
from moetui.tui.place import PlaceScreen
from moetui.tui.widgets.run_table import RunTable
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.seen import until


def live_run(app: App[None]) -> Hashable:
    current = app.screen.query_one(RunList).current
    return current.id if current else None


def listed_run(app: App[None]) -> Hashable:
    current = app.screen.query_one(RunTable).current
    return current.id if current else None


def order(app: App[None]) -> Hashable:
    return tuple(run.id for run in app.screen.query_one(RunTable).listing.runs)


def waiting_run(app: App[None]) -> Hashable:
    current = app.screen.query_one(QueueList).current
    return current.id if current else None


def chart(app: App[None]) -> Hashable:
    return next(
        (one.spec.title for one in app.screen.query_one(CurveGrid).query(Chart) if one.has_class("-current")), ""
    )


def scrolled(app: App[None]) -> Hashable:
    words = app.screen.query_one(VerticalScroll)
    return words.scroll_offset.y if words.max_scroll_y else None


def inspected(app: App[None]) -> Hashable:
    return next(iter(app.screen.query(Chart))).spec.cursor


@pytest.mark.parametrize(
    ("place", "way", "there", "back", "what"),
    [
        ("live", [], "down", "up", live_run),
        ("live", [], "pagedown", "pageup", live_run),
        ("live", ["comma"] * 20, "less_than_sign", "greater_than_sign", inspected),
        ("live", [], "tab", "shift+tab", chart),
        ("runs", [], "pagedown", "pageup", listed_run),
        ("runs", [], "end", "home", listed_run),
        ("runs", [], "right_square_bracket", "left_square_bracket", order),
        ("runs", ["enter"], "tab", "shift+tab", chart),
        ("runs", ["enter", *["comma"] * 5], "comma", "full_stop", inspected),
        ("runs", ["enter", "g"], "down", "up", scrolled),
        ("runs", ["enter", "g"], "pagedown", "pageup", scrolled),
        ("runs", ["enter", "g"], "end", "home", scrolled),
        ("devices", [], "down", "up", waiting_run),
    ],
)
async def test_a_key_takes_back_what_the_other_did(
    lab: Lab, place: str, way: list[str], there: str, back: str, what: Callable[[App[None]], Hashable]
) -> None:
    for index in range(30):
        record = write_run(lab, f"run{index}", study="s", created=1.0 + index, settings={"seed": (index * 7) % 30})
        end_run(lab, record)
    for index in range(3):  # held, so that no dispatcher takes them
        record = write_run(lab, f"held{index}", created=100.0 + index)
        write_file(lab.run_dir(record).queue_file, Wait(held=True))
    app = MoetuiApp(lab, start=place)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.picture.snapshot.taken and isinstance(app.screen, PlaceScreen))
        await pilot.press(*way)
        await until(pilot, lambda: what(app) is not None)
        before = what(app)
        await pilot.press(there)
        await until(pilot, lambda: what(app) != before)
        await pilot.press(back)
        await until(pilot, lambda: what(app) == before)


async def test_a_page_copies_its_run(lab: Lab) -> None:
    end_run(lab, write_run(lab, "a"))
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.picture.snapshot.taken and isinstance(app.screen, PlaceScreen))
        await until(pilot, lambda: app.screen.query_one(RunTable).current)
        await pilot.press("enter", "Y")
        await until(pilot, lambda: isinstance(app.screen, Pick))
        await pilot.press("enter")
        await until(pilot, lambda: app.clipboard == "a")
