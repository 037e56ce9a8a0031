"""The three stories that moetui is for, told in a real terminal by keys alone."""

import re
import shutil
from collections.abc import Callable, Iterator

import pytest

from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.e2e.test_terminal import Terminal, status_of
from tests.tui.compare.labs import grid

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")]

Connect = Callable[[], Terminal]


@pytest.fixture(params=[(80, 24), (120, 40)], ids=["80x24", "120x40"])
def connect(lab: Lab, fake_engine: Callable[[str], None], request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Opens moetui in one new terminal after the other; trainers train until they are told to stop."""
    fake_engine("hold")
    terminals: list[Terminal] = []

    def opened() -> Terminal:
        terminals.append(Terminal(request.param, lab.workspace.root))
        terminals[-1].open()
        return terminals[-1]

    yield opened
    for terminal in terminals:
        terminal.close()


def test_launch_and_watch(lab: Lab, connect: Connect) -> None:
    terminal = connect()
    terminal.shows("quickstart")
    terminal.press("Enter")
    terminal.shows("Start 3 runs")
    terminal.press("y")
    terminal.shows("lr=0.01 .*running")
    terminal.shows("Loss")
    terminal.shows("[⠁-⣿]")  # a curve, drawn in braille
    before = updates(terminal)
    eventually(lambda: updates(terminal) != before, what="the numbers move")
    terminal.press("m")
    eventually(lambda: "Learning rate" not in terminal.screen(), what="one chart alone")
    terminal.press("m", "s")
    terminal.shows("Stop quickstart/lr=0.01")
    terminal.press("y")
    terminal.shows("lr=0.01 .*stopped")
    terminal.shows("lr=0.05 .*running")
    terminal.press("q")
    terminal.shows("left with 0")
    assert status_of(lab, "quickstart/lr=0.05") == "running"


def test_come_back_after_a_lost_connection(lab: Lab, connect: Connect) -> None:
    first = connect()
    first.shows("quickstart")
    first.press("Enter")
    first.shows("Start 3 runs")
    first.press("y")
    first.shows("lr=0.01 .*running")
    first.close()  # as a lost connection does: nobody said goodbye
    run = lab.run_dir(lab.find("quickstart/lr=0.01"))
    measured = run.metrics_file.stat().st_size
    eventually(lambda: run.metrics_file.stat().st_size > measured, what="the run trains on")

    second = connect()
    second.shows("1 running")
    second.press("2")
    second.shows("lr=0.01 .*running")
    second.shows("[⠁-⣿]")
    second.press("3", "/", *"lr=0.01 status:running")
    second.shows("1 of .* runs")
    second.press("Enter", "Enter")
    second.shows("Loss")
    second.press("l")
    second.shows("running +update")


def test_find_which_learning_rate_was_best(lab: Lab, connect: Connect) -> None:
    grid(lab)
    terminal = connect()
    terminal.shows("quickstart")
    terminal.press("3")
    terminal.shows("12 runs")
    terminal.press("4")
    terminal.shows("Best tried.*0.05")
    terminal.press("v")
    terminal.shows("worse")
    terminal.shows("0.01")
    terminal.press("?")
    terminal.shows("Propose what to run next")
    terminal.press("q")  # closes the help: f after escape would be alt+f
    terminal.shows("Refine")
    terminal.press("f")
    terminal.shows("Queue [0-9]+ runs? of grid")
    terminal.press("y")
    terminal.shows("running")
    assert [run for run in lab.records() if run.pending]


def updates(terminal: Terminal) -> str:
    """What the list says of the first run."""
    found = re.search("lr=0.01 .*", terminal.screen())
    return found.group() if found else ""
