"""What the first picture waits for, and what comes only after it."""

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from moetui.core.runs.lab import Lab
from moetui.tui.actions import Place
from moetui.tui.app import MoetuiApp
from moetui.tui.places import PLACES
from moetui.tui.screens import SCREENS
from tests.tui.seen import until

ROOT = Path(__file__).parents[2]
TUI = ROOT / "moetui" / "tui"

# Leaves with the modules that are loaded when the first picture of a screen goes to the terminal.
FIRST_PICTURE = """
import json, sys
from pathlib import Path
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from moetui.tui.app import MoetuiApp
from moetui.tui.place import PlaceScreen

class Told(MoetuiApp):
    loaded = None

    def _display(self, screen, renderable):
        if isinstance(screen, PlaceScreen) and renderable is not None and not self._batch_count:
            self.loaded = self.loaded or [screen.place, *sorted(sys.modules)]
            self.exit(self.loaded)
        super()._display(screen, renderable)

app = Told(Lab(Workspace(Path(sys.argv[1]))), start=sys.argv[2])
print(json.dumps(app.run(headless=True)))
"""


@pytest.mark.parametrize("start", ["launch", "runs", "devices"])
def test_the_first_picture_waits_for_no_other_screen_and_no_chart(tmp_path: Path, start: str) -> None:
    command = [sys.executable, "-c", FIRST_PICTURE, str(tmp_path), start]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    place, *loaded = json.loads(done.stdout)
    assert place == start
    assert not {"plotext", "torch"} & set(loaded)
    assert start != "launch" or "numpy" not in loaded
    screens = {place.name for place in PLACES if f"moetui.tui.{place.name}.screen" in loaded}
    assert screens == {start}


async def test_what_waits_for_the_first_picture_is_called_once_and_afterwards_at_once(lab: Lab) -> None:
    app = MoetuiApp(lab)
    calls: list[str] = []
    app.once_shown(lambda: calls.append("waited"))
    assert calls == []
    async with app.run_test() as pilot:
        await until(pilot, lambda: calls == ["waited"])
        app.once_shown(lambda: calls.append("at once"))
        assert calls == ["waited", "at once"]


def test_no_worker_is_described_by_its_arguments() -> None:
    """Textual would write them all out, among them every record of the laboratory, each time that a thread is started."""
    undescribed = [
        f"{path}:{node.lineno}"
        for path in TUI.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if ast.unparse(decorator).startswith("work") and "description=" not in ast.unparse(decorator)
    ]
    assert undescribed == []


HOLD = """
import sys
from pathlib import Path
from engine.runfiles.locks import hold_run_lock
hold_run_lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_first_screen_is_live_while_a_dispatcher_works(lab: Lab) -> None:
    assert MoetuiApp(lab)._start == "launch"
    lab.workspace.runs.mkdir(exist_ok=True)
    command = [sys.executable, "-c", HOLD, str(lab.workspace.dispatcher_lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dispatcher:
        assert dispatcher.stdout is not None
        assert dispatcher.stdout.readline() == "held\n"
        assert MoetuiApp(lab)._start == "live"
        assert MoetuiApp(lab, start="runs")._start == "runs"
        dispatcher.communicate("")
    assert MoetuiApp(lab)._start == "launch"


def test_the_main_screens_are_told_once() -> None:
    names = [place.name for place in PLACES]
    assert list(SCREENS) == names
    assert set(names) <= set(get_args(Place))
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (apart,) = (one for one in contracts if one["name"] == "The screens do not know each other")
    assert apart["modules"] == [f"moetui.tui.{name}" for name in names]
