"""The log of a run on the whole screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from textual.pilot import Pilot

from moetui.core.preferences import workspace_file
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.dialogs.help import Help
from moetui.tui.live.screen import LiveScreen
from moetui.tui.palette import Palette
from moetui.tui.run.log import LogView
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.seen import seen, shows, until

LINES = 300


@asynccontextmanager
async def opened(lab: Lab) -> AsyncIterator[tuple[MoetuiApp, Pilot[None]]]:
    """The app with a long log on the screen, at its end."""
    log = "".join(f"line {number}.\n" for number in range(LINES))
    end_run(lab, write_run(lab, "bad", name="bad/run"), "failed", reason="ValueError: odd", log=log)
    app = MoetuiApp(lab, start="live")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "bad/run" in seen(app))
        await pilot.press("l")
        await until(pilot, lambda: f"line {LINES - 1}." in seen(app))
        yield app, pilot


async def test_its_keys_scroll_and_close_it(lab: Lab) -> None:
    async with opened(lab) as (app, pilot):
        for key, line in (("home", 0), ("j", 1), ("up", 0), ("end", LINES - 1), ("g", 0), ("G", LINES - 1)):
            await pilot.press(key)
            await until(pilot, partial(_edge, app, line))
        first = _numbers(app)[0]
        await pilot.press("pageup")
        await until(pilot, lambda: _numbers(app)[-1] == first)
        await pilot.press("space")
        await until(pilot, lambda: _numbers(app)[0] == first)
        await pilot.press("q")
        assert isinstance(app.screen, LiveScreen)


async def test_help_and_palette_know_its_actions_and_keys_of_ones_own_hold(lab: Lab) -> None:
    workspace_file(lab.workspace).write_text('[keys.log]\n"row(0)" = "T"\n')
    async with opened(lab) as (app, pilot):
        await shows(pilot, "esc Back")
        await pilot.press("question_mark")
        await until(pilot, lambda: "Keys: log" in seen(app))
        assert isinstance(app.screen, Help)
        await pilot.press("escape", "home", "T")
        await until(pilot, lambda: _edge(app, 0))
        await pilot.press("colon", *"last line")
        await until(pilot, lambda: "stay at the end" in seen(app))
        assert isinstance(app.screen, Palette)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LogView) and _edge(app, LINES - 1))


async def test_runs_that_are_launched_are_seen_though_a_log_was_left_open(lab: Lab) -> None:
    async with opened(lab) as (app, pilot):
        await pilot.press("1")
        await until(pilot, lambda: "quickstart" in seen(app))
        app.watch_runs(["bad"])
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))


async def test_a_log_that_cannot_be_read_is_told_of_until_it_can(lab: Lab) -> None:
    record = end_run(lab, write_run(lab, "bad", name="bad/run"))
    log = lab.run_dir(record).log_file
    log.unlink(missing_ok=True)
    log.mkdir()
    app = MoetuiApp(lab, start="live")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "bad/run" in seen(app))
        await pilot.press("l")
        await until(pilot, lambda: "Is a directory" in seen(app))
        log.rmdir()
        log.write_text("readable again\n")
        await until(pilot, lambda: "readable again" in seen(app))
        assert "Is a directory" not in seen(app)


def _numbers(app: MoetuiApp) -> list[int]:
    """The lines of the log that are seen."""
    words = [line.split() for line in seen(app).splitlines()]
    return [int(line[1].rstrip(".")) for line in words if line[:1] == ["line"]]


def _edge(app: MoetuiApp, line: int) -> bool:
    """Whether a line is the first or the last one that is seen."""
    numbers = _numbers(app)
    return bool(numbers) and line in (numbers[0], numbers[-1])
