"""Shared by all tests: nothing is written outside the test's own directory and a cache that the session sets up."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

from engine.runfiles.host import TOKEN_VARIABLE
from engine.runfiles.jsonfile import DamagedFile
from moetui.core.errors import LabError
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace

# A busy machine is no fault of the code, and the same commit gives the same result: `make search` looks for new examples.
settings.register_profile("moetui", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("moetui")

# Tests run on all cores at once; trainers with as many threads each would wait for one another more than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1")

FAKE = Path(__file__).parent / "fake"
LAB = pytest.StashKey[Lab]()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the machine's owner has set, or a session of theirs has left, must not decide a test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    for variable in ("MOETUI_WORKSPACE", "SSH_CONNECTION", "NO_COLOR", "TMUX", "STY", TOKEN_VARIABLE):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(autouse=True)
def user(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A user without settings, who has seen the tour. What the interface has contained and logged fails the test after all.

    A test that provokes such a fault takes `tui.log` away. Returns the directory that holds it and `moetui/settings.toml`.
    """
    home = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    (home / "moetui").mkdir()
    (home / "moetui" / "settings.toml").write_text("tour = false\n")
    yield home / "moetui"
    log = home / "moetui" / "tui.log"
    if log.exists():
        pytest.fail(f"the interface logged a fault:\n{log.read_text()}")


@pytest.fixture
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """An empty laboratory; whatever it started is killed at the end."""
    lab = Lab(Workspace(tmp_path))
    request.node.stash[LAB] = lab
    yield lab
    kill_all_of(tmp_path)


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let trainers started from now on be the fake engine, behaving as named."""

    def behave(behaviour: str) -> None:
        monkeypatch.setenv("PYTHONPATH", str(FAKE))
        monkeypatch.setenv("FAKE_ENGINE", behaviour)

    behave("finish")
    return behave


def kill_all_of(workspace: Path) -> None:
    """Kill the dispatcher and the trainers of a workspace, which are known by their command line."""
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(str(workspace) in word for word in process.cmdline()):
                process.send_signal(signal.SIGKILL)
        except psutil.Error:
            continue


def eventually(condition: Callable[[], object], *, seconds: float = 180.0, what: str = "") -> None:
    """Wait until the condition holds; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what or condition}"
        time.sleep(0.02)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails says what its laboratory looked like, which is gone afterwards."""
    report = yield
    found = item.stash.get(LAB, None)
    if report.failed and found is not None:
        report.sections.append(("the laboratory", "\n".join(told_by(found))))
    return report


def told_by(lab: Lab) -> Iterator[str]:
    """The runs of a laboratory as they are, with the logs of those that went wrong and of the dispatcher."""
    with contextlib.suppress(LabError, DamagedFile, OSError):
        for run in (run for run in lab.snapshot(dispatch=False).runs if run.path):
            yield f"{run.id} {run.name}: {run.status}, {run.update}/{run.updates} {run.reason}"
            if run.status in {"failed", "killed", "lost"}:
                yield lab.run_dir(run).log_file.read_text()
        yield lab.workspace.dispatcher_log.read_text()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-goldens` writes what the screens show now to where the tests compare it."""
    parser.addoption("--update-goldens", action="store_true", help="write the screens and charts of the goldens anew")
