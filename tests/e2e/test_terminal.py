"""The whole application in a real terminal: launch, watch, leave, come back, find, stop."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engine.runfiles.locks import run_lock_holder
from moetui.core.runs.lab import Lab
from tests.conftest import FAKE, eventually

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, size: tuple[int, int], workspace: Path) -> None:
        self._socket = f"moetui-{uuid.uuid4().hex[:8]}"
        self._size = size
        self._workspace = workspace

    def open(self, command: list[str] | None = None, *, term: str = "tmux-256color") -> None:
        """Start `moetui` in a new window; what it says on leaving stays on the screen."""
        words = command or [sys.executable, "-m", "moetui.cli.main"]
        variables = {"PYTHONPATH": str(FAKE), "FAKE_ENGINE": "hold", "TERM": term, "LC_ALL": "C.UTF-8"}
        variables["MOETUI_WORKSPACE"] = str(self._workspace)
        settings = " ".join(f"{key}={shlex.quote(value)}" for key, value in variables.items())
        width, height = self._size
        line = f"env {settings} {shlex.join(words)}; echo left with $?; exec sleep 600"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), line)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names."""
        self._tmux("send-keys", *keys)

    def screen(self) -> str:
        """What the window shows."""
        return self._tmux("capture-pane", "-p")

    def shows(self, pattern: str) -> None:
        """Wait until the window shows a text that fits the pattern."""
        try:
            eventually(lambda: re.search(pattern, self.screen()))
        except AssertionError:
            raise AssertionError(f"never saw {pattern!r} in\n{self.screen()}") from None

    def scribble(self, text: str) -> None:
        """Write on the window past whoever runs in it, as `wall` does."""
        Path(self._tmux("display-message", "-p", "#{pane_tty}").strip()).write_text(text)

    def close(self) -> None:
        """Close the window, as a lost connection would."""
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True, check=False)

    def _tmux(self, *arguments: str) -> str:
        answer = subprocess.run(["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, check=True)
        return answer.stdout


MakeTerminal = Callable[[tuple[int, int]], Terminal]


@pytest.fixture
def make_terminal(lab: Lab) -> Iterator[MakeTerminal]:
    terminals: list[Terminal] = []

    def make(size: tuple[int, int]) -> Terminal:
        terminals.append(Terminal(size, lab.workspace.root))
        return terminals[-1]

    yield make
    for terminal in terminals:
        terminal.close()


@pytest.fixture(autouse=True)
def _hold(fake_engine: Callable[[str], None]) -> None:
    """A look of the test at the laboratory may start the dispatcher, which then must not start the real engine."""
    fake_engine("hold")


def status_of(lab: Lab, name: str) -> str:
    return next((run.status for run in lab.snapshot().runs if run.name == name), "")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_launch_watch_leave_come_back_find_and_stop(
    lab: Lab, make_terminal: MakeTerminal, size: tuple[int, int]
) -> None:
    first = make_terminal(size)
    first.open()
    first.shows("quickstart")
    first.press("Enter")
    first.shows("Start 3 runs")
    first.press("y")
    first.shows("2 Live")
    first.shows("running")
    first.shows("[⠁-⣿]")  # a curve, drawn in braille
    first.press("q")
    first.shows("left with 0")
    first.close()
    assert status_of(lab, "quickstart/lr=0.01") == "running"

    second = make_terminal(size)
    second.open()
    second.shows("1 running")
    second.press("3")
    second.shows("published|pub")
    second.press("/", *"lr=0.01 status:running")
    second.shows("1 of .* runs")
    second.press("Enter")
    second.press("Enter")
    second.shows("optimizer.lr|Config")
    second.press("Escape")
    second.shows("1 of .* runs")
    second.press("s")
    second.shows("Stop quickstart/lr=0.01")
    second.press("y")
    eventually(lambda: status_of(lab, "quickstart/lr=0.01") == "stopped")
    second.shows("lr=0.01 +stopped")
    second.press("2")
    second.shows("lr=0.01 .*stopped")
    second.shows("lr=0.05 .*running")  # the study goes on


@pytest.mark.slow
def test_killing_the_trainer_is_shown_and_killing_the_dispatcher_leaves_the_training_alone(
    lab: Lab, make_terminal: MakeTerminal
) -> None:
    terminal = make_terminal((80, 24))
    terminal.open()
    terminal.shows("quickstart")
    terminal.press("Enter")
    terminal.shows("Start 3 runs")
    terminal.press("y")
    terminal.shows("lr=0.01 .*running")
    os.kill(holder(lab.run_dir(lab.find("quickstart/lr=0.01")).run_lock), signal.SIGKILL)
    terminal.shows("lr=0.01 .*killed")
    terminal.shows("killed by SIGKILL")

    terminal.shows("lr=0.05 .*running")
    run = lab.run_dir(lab.find("quickstart/lr=0.05"))
    trainer, dispatcher = holder(run.run_lock), holder(lab.workspace.dispatcher_lock)
    os.kill(dispatcher, signal.SIGKILL)
    eventually(lambda: run_lock_holder(lab.workspace.dispatcher_lock) not in (None, dispatcher))
    measured = run.metrics_file.stat().st_size
    eventually(lambda: run.metrics_file.stat().st_size > measured)
    assert holder(run.run_lock) == trainer
    terminal.shows("lr=0.05 .*running")


def holder(lock: Path) -> int:
    """The process that holds a lock."""
    pid = run_lock_holder(lock)
    assert pid is not None
    return pid


@pytest.mark.slow
def test_killing_the_terminal_interface_or_closing_the_terminal_leaves_the_training_alone(
    lab: Lab, make_terminal: MakeTerminal
) -> None:
    terminal = make_terminal((80, 24))
    terminal.open()
    terminal.shows("quickstart")
    terminal.press("Enter")
    terminal.shows("Start 3 runs")
    terminal.press("y")
    eventually(lambda: any(run.status == "running" for run in lab.snapshot().runs))
    (run,) = [run for run in lab.snapshot().runs if run.status == "running"]
    trainer = run_lock_holder(lab.run_dir(run).run_lock)
    assert trainer is not None
    signal_interface(lab, signal.SIGKILL)
    terminal.shows("left with 137|Killed")
    terminal.close()
    measured = lab.run_dir(run).metrics_file.stat().st_size
    eventually(lambda: lab.run_dir(run).metrics_file.stat().st_size > measured)
    assert run_lock_holder(lab.run_dir(run).run_lock) == trainer


@pytest.mark.slow
def test_the_interface_ends_with_its_terminal(lab: Lab, make_terminal: MakeTerminal) -> None:
    terminal = make_terminal((80, 24))
    terminal.open()
    terminal.shows("quickstart")
    terminal.press("Enter")
    terminal.shows("Start 3 runs")
    terminal.press("y")
    terminal.shows("running")
    (interface,) = interfaces(lab)
    terminal.close()
    eventually(lambda: not interface.is_running() or interface.status() == psutil.STATUS_ZOMBIE)
    assert any(run.status == "running" for run in lab.snapshot().runs)


def interfaces(lab: Lab) -> list[psutil.Process]:
    """The interfaces that show this workspace."""
    found = []
    for process in psutil.process_iter():
        try:
            command, workspace = process.cmdline(), process.environ().get("MOETUI_WORKSPACE")
        except psutil.Error:
            continue
        if command[1:3] == ["-m", "moetui.cli.main"] and workspace == str(lab.workspace.root):
            found.append(process)
    return found


def signal_interface(lab: Lab, number: signal.Signals) -> None:
    """Send a signal to the interface of this workspace, and to nothing else."""
    for process in interfaces(lab):
        process.send_signal(number)


def test_a_dumb_terminal_is_refused_with_a_hint(lab: Lab, make_terminal: MakeTerminal) -> None:
    terminal = make_terminal((120, 24))
    terminal.open(term="dumb")
    terminal.shows("TERM=dumb cannot show the interface")
    terminal.shows("left with 2")


@pytest.mark.slow
def test_sigterm_leaves_the_terminal_clean(lab: Lab, make_terminal: MakeTerminal) -> None:
    terminal = make_terminal((80, 24))
    terminal.open()
    terminal.shows("quickstart")
    signal_interface(lab, signal.SIGTERM)
    terminal.shows("left with 0")
    assert "quickstart" not in terminal.screen()


def test_what_the_shell_or_others_have_written_over_the_screen_goes(lab: Lab, make_terminal: MakeTerminal) -> None:
    terminal = make_terminal((80, 24))
    terminal.open(["bash", "--norc", "-i"])
    terminal.shows("bash")
    terminal.press(shlex.join([sys.executable, "-m", "moetui.cli.main"]), "Enter")
    terminal.shows("a guess")
    drawn = terminal.screen()
    terminal.scribble("\x1b[5;5HWALL: the system goes down")
    terminal.shows("WALL: ")
    terminal.press("C-l")
    eventually(lambda: terminal.screen() == drawn, seconds=30)
    terminal.press("C-z")
    terminal.shows("Stopped")
    assert "quickstart" not in terminal.screen()
    terminal.press("fg", "Enter")
    eventually(lambda: terminal.screen() == drawn, seconds=30)
