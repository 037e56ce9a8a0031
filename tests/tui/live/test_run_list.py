from collections.abc import Iterable
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from moetui.core.catalogue.records import RunRecord
from moetui.tui.live.row import Entry
from moetui.tui.live.run_list import RunList


class ListApp(App[None]):
    def compose(self) -> ComposeResult:
        yield RunList()

    @property
    def runs(self) -> RunList:
        return self.query_one(RunList)

    def lines(self) -> list[str]:
        return [self.runs.render_line(y).text.rstrip() for y in range(self.runs.size.height)]


def entries(count: int, **fields: Any) -> list[Entry]:
    return [
        Entry(
            RunRecord.model_validate({"id": f"r{i}", "name": f"run-{i}", "status": "running", "updates": 100} | fields)
        )
        for i in range(count)
    ]


def under_cursor(app: ListApp) -> str:
    (line,) = (line for line in app.lines() if line.startswith("›"))
    return line.split()[1]


async def test_the_cursor_stays_on_its_run_when_others_come_before_it() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)):
        app.runs.show("", entries(3))
        app.runs.point_at("r1")
        app.runs.show("", [*reversed(entries(5))])
        assert under_cursor(app) == "run-1"


async def test_the_cursor_moves_within_the_list_and_stops_at_its_ends() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)):
        app.runs.show("", entries(9))
        app.runs.move(-1)
        assert under_cursor(app) == "run-0"
        app.runs.move(5)
        assert under_cursor(app) == "run-5"
        app.runs.move(99)
        assert under_cursor(app) == "run-8"
        assert app.runs.current is not None
        assert app.runs.current.id == "r8"


async def test_a_list_longer_than_its_space_says_which_part_is_seen() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.runs.show("following", entries(9))
        assert app.lines()[0].startswith("following · 1–3 of 9")
        app.runs.reveal("r6")
        assert app.lines()[0].startswith("following · 5–7 of 9")
        assert app.runs.current is not None
        assert app.runs.current.id == "r0"


async def test_the_cursor_begins_on_a_run_that_trains() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)):
        ended = entries(2, status="finished")
        app.runs.show(
            "", [*ended, Entry(ended[0].run.model_copy(update={"id": "live", "name": "alive", "status": "running"}))]
        )
        assert under_cursor(app) == "alive"


async def test_only_the_line_that_changed_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.runs.show("", entries(3, update=50))
        await pilot.pause()
        asked: list[Iterable[Region]] = []
        monkeypatch.setattr(app.runs, "refresh", lambda *regions, **more: asked.append(regions))
        app.runs.show("", entries(3, update=50))
        assert asked == []
        app.runs.show("", [*entries(2, update=50), *entries(3, update=51)[2:]])
        (regions,) = asked
        (region,) = regions
        assert (region.y, region.height) == (3, 1)
        assert " 51%" in app.lines()[3]


async def test_an_empty_list_has_no_current_run() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)):
        app.runs.show("nothing", [])
        app.runs.move(1)
        assert app.runs.current is None
        assert app.lines()[0].startswith("nothing")


async def test_a_list_that_gets_more_room_shows_its_beginning_again() -> None:
    app = ListApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.runs.show("", entries(6))
        app.runs.point_at("r4")
        app.runs.styles.height = 6
        await pilot.pause()
        assert "run-0" in app.lines()[1]
        assert under_cursor(app) == "run-4"
