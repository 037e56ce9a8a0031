"""The coordinate check on the Launch screen."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from textual.widgets import Static

from engine.spec.config import RunConfig
from moetui.core.runs.lab import Lab
from moetui.core.science.coordinates import TARGETS, Measured
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.launch.coordinates import Coordinates
from moetui.tui.launch.screen import LaunchScreen
from tests.tui.seen import until


def said(app: MoetuiApp) -> str:
    return str(app.screen.query_one(Static).render()) if isinstance(app.screen, Coordinates) else ""


class Check:
    """A check that has measured."""

    def __init__(self, found: list[Measured]) -> None:
        self._found = found

    def measured(self) -> list[Measured]:
        return self._found

    def break_off(self) -> None:
        pass


def run_instead(monkeypatch: pytest.MonkeyPatch, program: str) -> list[subprocess.Popen[bytes]]:
    """Let a check run this program; the processes that it starts."""
    started: list[subprocess.Popen[bytes]] = []

    class Instead(subprocess.Popen[bytes]):
        def __init__(self, _: list[str], **facts: Any) -> None:
            super().__init__([sys.executable, "-c", program], **facts)
            started.append(self)

    monkeypatch.setattr("moetui.core.runs.coordcheck.subprocess.Popen", Instead)
    return started


async def test_it_shows_slopes_chart_and_verdict(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, str]] = []

    def check(_: Lab, configs: Sequence[RunConfig], at: Sequence[int]) -> Check:
        asked.extend((config.model.d_model, config.training.device) for config in configs)
        moves = {part: [1.0] * len(at) for part in TARGETS}
        return Check(
            [
                Measured(
                    config.model.d_model, 1, tuple(at), moves | {"experts": [float(config.model.d_model)] * len(at)}, {}
                )
                for config in configs
            ]
        )

    monkeypatch.setattr("moetui.tui.launch.coordinates.CoordinateCheck", check)
    app = MoetuiApp(lab, start="launch")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen) and app.screen._desk.outlook.runs)
        await pilot.press("K")
        await until(pilot, lambda: "3 of 18 slopes lie outside their targets." in said(app))
        assert [line for line in said(app).splitlines() if "FAIL" in line] == [
            line for line in said(app).splitlines() if line.startswith("experts")
        ]
        assert app.screen.query_one(Chart).display
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
    assert asked == [(32, "cpu"), (64, "cpu"), (128, "cpu")]


async def test_a_check_that_fails_says_why(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run_instead(monkeypatch, "import sys; sys.exit('no word [red]')")
    app = MoetuiApp(lab, start="launch")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen) and app.screen._desk.outlook.runs)
        await pilot.press("K")
        await until(pilot, lambda: "no word [red]" in said(app))


async def test_a_check_is_broken_off_when_it_is_closed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    started = run_instead(monkeypatch, "import time; time.sleep(1000)")
    app = MoetuiApp(lab, start="launch")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen) and app.screen._desk.outlook.runs)
        await pilot.press("K")
        await until(pilot, lambda: isinstance(app.screen, Coordinates) and started)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LaunchScreen))
        await until(pilot, lambda: started[0].poll() is not None)
