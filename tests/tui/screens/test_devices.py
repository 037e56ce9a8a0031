"""The Devices screen on a real laboratory with real processes."""

from collections.abc import Callable

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Static

from moetui.core.catalogue.records import RunRecord
from moetui.core.queue import edit, pausing
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.devices.queue_list import QueueList
from moetui.tui.devices.screen import DevicesScreen
from moetui.tui.dialogs.confirm import Confirm
from moetui.tui.run.page import RunPage
from tests.conftest import eventually
from tests.core.queue.test_dispatch import queue, status
from tests.tui.lab_on_disk import write_run
from tests.tui.seen import until

Behave = Callable[[str], None]
SIZES = [(60, 15), (80, 24), (120, 40), (200, 60)]


def said(app: MoetuiApp, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Static).render())


def listed(app: MoetuiApp) -> list[str]:
    return [one.record.name for one in app.screen.query_one(QueueList).queue]


def states(app: MoetuiApp) -> list[str]:
    return [one.record.status for one in app.screen.query_one(QueueList).queue]


@pytest.fixture
def waiting(lab: Lab, fake_engine: Behave) -> list[RunRecord]:
    """A run that trains and three that wait."""
    fake_engine("hold")
    runs = queue(lab, 0.01, 0.02, 0.03, 0.04)
    eventually(lambda: status(lab, runs[0]) == "running")
    return runs


async def shown(pilot: Pilot[None], app: MoetuiApp, count: int) -> None:
    await until(pilot, lambda: isinstance(app.screen, DevicesScreen) and len(listed(app)) == count)


@pytest.mark.parametrize("size", SIZES)
async def test_machine_processes_and_queue_are_shown(lab: Lab, waiting: list[RunRecord], size: tuple[int, int]) -> None:
    app = MoetuiApp(lab, start="devices")
    async with app.run_test(size=size) as pilot:
        await shown(pilot, app, 3)
        await until(pilot, lambda: waiting[0].name in said(app, "workers"))
        assert "CPU" in said(app, "gauges")
        assert "load" in said(app, "gauges")
        assert "3 runs" in said(app, "waiting")
        assert app.screen.query_one(QueueList).size.height >= 3
        assert app.screen.query_one("#past").display is (size[1] >= 34)


async def test_an_idle_machine_has_an_empty_queue(lab: Lab) -> None:
    lab.found_catalogue()
    app = MoetuiApp(lab, start="devices")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, DevicesScreen) and "Nothing waits" in said(app, "waiting"))
        assert "No process of a run" in said(app, "workers")
        await pilot.press("h", "H", "J", "K", "t", "b", "s", "enter")  # nothing to act on
        assert isinstance(app.screen, DevicesScreen)


async def test_runs_are_held_and_released_one_by_one_or_all(lab: Lab, waiting: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="devices")
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app, 3)
        await pilot.press("down", "h")
        await until(pilot, lambda: states(app) == ["queued", "held", "queued"])
        assert "1 held" in said(app, "waiting")
        await pilot.press("H")
        await until(pilot, lambda: states(app) == ["held"] * 3)
        await pilot.press("H")
        await until(pilot, lambda: states(app) == ["queued"] * 3)


async def test_a_paused_run_is_in_the_queue_and_released_there(lab: Lab, waiting: list[RunRecord]) -> None:
    pausing.pause(lab, lab.find(waiting[0].id))
    eventually(lambda: status(lab, waiting[1]) == "running")
    app = MoetuiApp(lab, start="devices")
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app, 3)
        assert states(app) == ["paused", "queued", "queued"]
        assert "1 paused" in said(app, "waiting")
        await pilot.press("h")
        await until(pilot, lambda: states(app) == ["queued"] * 3)


async def test_the_cursor_goes_with_a_run_that_is_moved(lab: Lab, waiting: list[RunRecord]) -> None:
    a, b, c = (run.name for run in waiting[1:])
    app = MoetuiApp(lab, start="devices")
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app, 3)
        await pilot.press("J")
        await until(pilot, lambda: listed(app) == [b, a, c])
        await pilot.press("J")
        await until(pilot, lambda: listed(app) == [b, c, a])
        await pilot.press("K")
        await until(pilot, lambda: listed(app) == [b, a, c])
        await pilot.press("t")
        await until(pilot, lambda: listed(app) == [a, b, c])
        await pilot.press("b")
        await until(pilot, lambda: listed(app) == [b, c, a])
        current = app.screen.query_one(QueueList).current
        assert current is not None
        assert current.name == a


async def test_every_key_of_a_burst_moves_the_run(lab: Lab, waiting: list[RunRecord]) -> None:
    a, b, c = (run.name for run in waiting[1:])
    app = MoetuiApp(lab, start="devices", remote=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app, 3)
        for key in "JJJK":
            app.post_message(Key(key, key))
        await until(pilot, lambda: listed(app) == [b, a, c])


async def test_a_change_from_elsewhere_is_seen(lab: Lab, waiting: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="devices")
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app, 3)
        edit.stop(lab, waiting[3])
        await shown(pilot, app, 2)


async def test_a_waiting_run_is_opened_and_taken_out(lab: Lab, waiting: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="devices")
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, app, 3)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage))
        await pilot.press("escape")
        await shown(pilot, app, 3)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await shown(pilot, app, 2)  # as soon as it is being taken out, and seems to start
        await until(pilot, lambda: lab.see(lab.find(waiting[1].id)).status == "stopped")


async def test_orphans_are_told_and_one_key_puts_them_in_order(lab: Lab) -> None:
    lab.found_catalogue()
    lab.catalogue.remove([write_run(lab, "stray").id])
    app = MoetuiApp(lab, start="devices")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, DevicesScreen) and "runs/stray" in said(app, "orphans"))
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n", "R")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert lab.catalogue.get("stray") is None
        await pilot.press("y")
        await until(pilot, lambda: lab.catalogue.get("stray") is not None)
        await until(pilot, lambda: isinstance(app.screen, DevicesScreen) and not said(app, "orphans"))
