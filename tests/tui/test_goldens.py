"""Every screen as text, in every state and size, held against the files in goldens/.

`make goldens` writes them anew; what changed is then in the diff of the commit, to be looked at.
"""

import difflib
import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from textual.pilot import Pilot

from moetui.core.machine import devices
from moetui.core.machine.cores import CoreMeter
from moetui.core.runs.lab import Lab
from moetui.core.terminal import Charset
from moetui.core.workspace import Workspace
from moetui.tui.app import MoetuiApp
from tests.tui.states import NOW, STATES

FOLDER = Path(__file__).parent / "goldens"
SIZES = ((60, 15), (80, 24), (120, 40), (200, 60))
USUAL = (80, 24)
"""The size that every run of the tests looks at; the others take minutes more."""
OFTEN = ("empty", "running", "finished")
"""The states that `make test` looks at; `make long` looks at all of them, in every size."""
BY_SIZE = [pytest.param(size, id=f"{size[0]}x{size[1]}", marks=[pytest.mark.long] * (size != USUAL)) for size in SIZES]


@pytest.fixture(autouse=True)
def _fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands still, UTC, a machine without a GPU that is always equally busy, and a home of nobody's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    monkeypatch.setattr(devices, "read_gpus", lambda: ())
    monkeypatch.setattr(devices, "cores", lambda: 2)
    monkeypatch.setattr(CoreMeter, "read", lambda _: (0.5, 0.25))
    monkeypatch.setattr(
        psutil, "virtual_memory", lambda: SimpleNamespace(total=16 << 30, available=12 << 30, used=4 << 30)
    )
    monkeypatch.setattr(os, "getloadavg", lambda: (0.5, 0.4, 0.3))


@pytest.mark.slow
@pytest.mark.parametrize("size", BY_SIZE)
@pytest.mark.parametrize(
    "state", [pytest.param(state, marks=[pytest.mark.long] * (state not in OFTEN)) for state in STATES]
)
async def test_every_screen_looks_as_it_did(state: str, size: tuple[int, int], request: pytest.FixtureRequest) -> None:
    lab = Lab(Workspace(Path()))
    STATES[state](lab)
    await hold(f"{state}-{size[0]}x{size[1]}", tour(lab, size), request)


@pytest.mark.slow
@pytest.mark.parametrize("size", BY_SIZE)
@pytest.mark.parametrize("charset", ["block", "ascii"])
async def test_every_chart_looks_as_it_did_with_fewer_characters(
    charset: Charset, size: tuple[int, int], request: pytest.FixtureRequest
) -> None:
    lab = Lab(Workspace(Path()))
    STATES["finished"](lab)
    await hold(f"charts-{charset}-{size[0]}x{size[1]}", charts(lab, size, charset), request)


async def hold(name: str, screens: AsyncIterator[tuple[str, str]], request: pytest.FixtureRequest) -> None:
    """Hold screens against a file, or write it anew."""
    seen = _without_history("".join([f"==== {screen}\n{text}\n" async for screen, text in screens]))
    golden = FOLDER / f"{name}.txt"
    if request.config.getoption("--update-goldens"):
        FOLDER.mkdir(exist_ok=True)
        golden.write_text(seen, encoding="utf-8")
    expected = _without_history(golden.read_text(encoding="utf-8"))
    changes = difflib.unified_diff(expected.splitlines(), seen.splitlines(), golden.name, "now", lineterm="")
    assert seen == expected, "\n".join(changes)


async def charts(lab: Lab, size: tuple[int, int], charset: Charset) -> AsyncIterator[tuple[str, str]]:
    """The name and the text of each screen with charts: planned rates, curves, all charts of a run, a response, costs."""
    app = MoetuiApp(lab, remote=False, charset=charset)
    async with app.run_test(size=size) as pilot:
        for mode in ("launch", "live", "compare"):
            await app.action_show(mode)
            yield mode, await settled(pilot)
        await pilot.press("p")
        yield "compare p", await settled(pilot)
        await app.action_show("runs")
        await settled(pilot)
        await pilot.press("enter")
        yield "run", await settled(pilot)
        for key in "gp":
            await pilot.press(key)
            yield f"run {key}", await settled(pilot)


async def tour(lab: Lab, size: tuple[int, int]) -> AsyncIterator[tuple[str, str]]:
    """The name and the text of each screen: the main ones with their views, the page of a run, the log, the dialogs."""
    app = MoetuiApp(lab, remote=False, charset="braille")
    async with app.run_test(size=size) as pilot:
        for mode in MoetuiApp.MODES:
            await app.action_show(mode)
            yield mode, await settled(pilot)
        for mode, keys in (("launch", "vve"), ("compare", "vp"), ("runs", "T")):
            await app.action_show(mode)
            await settled(pilot)
            for key in keys:
                await pilot.press(key)
                yield f"{mode} {key}", await settled(pilot)
        await pilot.press("T", "C")
        yield "columns", await settled(pilot)
        await pilot.press("escape", "t")
        yield "tags", await settled(pilot)
        await pilot.press("escape", "f4")
        yield "tour", await settled(pilot)
        await pilot.press("escape")
        await app.action_show("live")
        await pilot.press("question_mark")
        yield "help", await settled(pilot)
        await pilot.press("escape", "l")
        yield "log", await settled(pilot)
        await pilot.press("escape")
        await app.action_show("runs")
        await settled(pilot)
        await pilot.press("enter")
        yield "run", await settled(pilot)
        for key in "fgp":
            await pilot.press(key)
            yield f"run {key}", await settled(pilot)


async def settled(pilot: Pilot[None]) -> str:
    """What the screen shows when nothing changes it any more."""
    app = pilot.app
    assert isinstance(app, MoetuiApp)
    seen: list[str] = []
    while len(seen) < 4 or len(set(seen[-4:])) > 1 or not (app.picture.snapshot.taken or app.picture.error):
        app.refresh_picture()
        await app.workers.wait_for_complete()
        await pilot.pause()
        seen.append(text_of(app))
        assert len(seen) < 200, "the screen never comes to rest"
    return seen[-1]


def text_of(app: MoetuiApp) -> str:
    """The characters on the screen."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines[: app.size.height])


def _without_history(text: str) -> str:
    """The screens without the last seconds of the processor, of which there are as many as the machine needed."""
    return re.sub(r"(GiB [█░]*)[ ▁▂▃▄▅▆▇█]*$", r"\1", text, flags=re.MULTILINE)
