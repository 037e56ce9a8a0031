"""What goes wrong in one part of the interface stays there, is seen and is logged; everything else goes on."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from moetui.core.runs.lab import Lab
from moetui.tui import fault_log
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.curves.grid import CurveGrid
from moetui.tui.launch.screen import LaunchScreen
from moetui.tui.live.run_list import RunList
from moetui.tui.live.screen import LiveScreen
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.seen import seen, shows, until

Watched = tuple[MoetuiApp, Pilot[None]]


@pytest.fixture(autouse=True)
def _told_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was told stays to be looked at, however busy the machine is."""
    monkeypatch.setattr(MoetuiApp, "NOTIFICATION_TIMEOUT", 600.0)


@asynccontextmanager
async def live(lab: Lab) -> AsyncIterator[Watched]:
    end_run(lab, write_run(lab, "a", name="first"))
    app = MoetuiApp(lab, start="live")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: "first" in seen(app))
        yield app, pilot


def taken(log: Path) -> str:
    """The log, which is then taken away, because this test expected it."""
    text = log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    log.unlink()
    return text


def broken(*_: object, **__: object) -> None:
    raise ValueError("broken on purpose")


async def test_a_panel_that_cannot_be_drawn_says_so_in_its_place_and_mends(
    lab: Lab, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with live(lab) as (app, pilot):
        with monkeypatch.context() as patch:
            patch.setattr(RunList, "render_line", broken)
            app.screen.query_one(RunList).refresh()
            for words in ("This part broke down: ValueError: broken on purpose", "Learning rate", "3 Runs"):
                await shows(pilot, words)
        app.screen.query_one(RunList).show("", ())
        await until(pilot, lambda: "broke down" not in seen(app))
    assert "in broken" in taken(user / "tui.log")


async def test_a_picture_that_one_chart_cannot_show_reaches_all_others(
    lab: Lab, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with live(lab) as (app, pilot):
        grid = app.screen.query_one(CurveGrid)
        first, second, *_ = grid.query(Chart)
        monkeypatch.setattr(first, "_draw", broken)
        before = second.spec
        app.screen.query_one(CurveGrid)._draw()
        await pilot.pause()
        assert second.spec is not before
        await shows(pilot, "This part broke down")
        assert first.has_class("-broken")
        assert not second.has_class("-broken")
    taken(user / "tui.log")


async def test_a_fault_of_the_screen_is_told_and_the_next_picture_is_taken(
    lab: Lab, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with live(lab) as (app, pilot):
        with monkeypatch.context() as patch:
            patch.setattr(LiveScreen, "show_picture", broken)
            assert isinstance(app.screen, LiveScreen)
            app.screen.receive(app.picture)
            await until(pilot, lambda: "A fault" in [told.title for told in app._notifications])
        await pilot.press("3")
        await until(pilot, lambda: "newest first" in seen(app) and "first" in seen(app))
    taken(user / "tui.log")


async def test_a_fault_in_what_follows_the_first_picture_is_told(
    lab: Lab, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(LaunchScreen, "_find_devices", broken)
        app = MoetuiApp(lab)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "A fault" in [told.title for told in app._notifications])
            await pilot.press("3")
            await until(pilot, lambda: "newest first" in seen(app))
    taken(user / "tui.log")


async def test_an_action_that_fails_is_told_and_the_next_one_works(
    lab: Lab, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with live(lab) as (app, pilot):
        monkeypatch.setattr(LiveScreen, "action_follow", broken)
        await pilot.press("f")
        await until(pilot, lambda: any("tui.log tells more" in told.message for told in app._notifications))
        await pilot.press("question_mark")
        await pilot.pause()
        await shows(pilot, "Keys: live")
    taken(user / "tui.log")


async def test_a_feed_that_fails_unforeseen_is_seen_in_the_head_line(
    lab: Lab, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with live(lab) as (app, pilot):
        with monkeypatch.context() as patch:
            patch.setattr(app.feed, "take", broken)
            await until(pilot, lambda: "broken on purpose" in seen(app))
        await until(pilot, lambda: "broken on purpose" not in seen(app))
        await shows(pilot, "first")
    taken(user / "tui.log")


def test_the_same_fault_is_written_once_and_a_long_log_is_put_aside(
    user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(number: int) -> str:
        return fault_log.log_fault(ValueError(number), "here")

    for number in (1, 1, 2):
        assert fail(number) == f"ValueError: {number} ({user}/tui.log tells more)"
    assert (user / "tui.log").read_text().count("ValueError") == 2
    monkeypatch.setattr(fault_log, "MOST_BYTES", 10)
    fail(3)
    assert (user / "tui.log.1").read_text().count("ValueError") == 2
    assert taken(user / "tui.log").count("ValueError") == 1


def test_a_log_that_cannot_be_written_is_said(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(user / "settings.toml"))
    assert "Not a directory" in fault_log.log_fault(ValueError("never written"), "here")
