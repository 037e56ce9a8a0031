"""`moetui serve` in a real browser: Debian's chromium, driven by playwright. Skipped where either is missing."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from moetui.core.runs.lab import Lab
from tests.conftest import FAKE, eventually
from tests.tui.lab_on_disk import end_run, write_run

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("textual_serve", reason="textual-serve is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.long, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

ESCAPES = re.compile(r"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[()][A-Z0-9]")
PATIENCE = 60.0
SLOW_RUN = """
[preset]
name = "slow"
title = "A run that lasts"
about = "Long enough to be watched."
extends = "base/moe-tiny"
[config]
training.updates = 3000
"""


class Tab:
    """A page of a browser, and what its terminal was sent."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.faults: list[str] = []
        self._frames: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("websocket", lambda socket: socket.on("framereceived", self._take))

    def _take(self, frame: str | bytes) -> None:
        self._frames.append(frame if isinstance(frame, str) else frame.decode("utf-8", "replace"))

    @property
    def sent(self) -> str:
        """The text that came since the last key."""
        return ESCAPES.sub("", "".join(self._frames))

    def shows(self, words: str) -> None:
        """Wait until these words came."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.sent:
            assert time.monotonic() < deadline, f"never saw {words!r}: {self.sent[-2000:]!r}"
            self.page.wait_for_timeout(50)

    def press(self, *keys: str) -> None:
        """Press keys, without any click before them."""
        self._frames.clear()
        for key in keys:
            self.page.keyboard.press(key)

    def ready(self) -> None:
        """Wait until the page gives its keys to the terminal."""
        self.holds("document.activeElement.classList.contains('xterm-helper-textarea')")

    def holds(self, expression: str) -> None:
        """Wait until something holds in the page, whose policy forbids playwright's own way to wait."""
        deadline = time.monotonic() + PATIENCE
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, f"never held: {expression}"
            self.page.wait_for_timeout(50)


@pytest.fixture
def entrance(lab: Lab, fake_engine: Callable[[str], None]) -> Iterator[str]:
    """The address of a server, with its token."""
    fake_engine("hold")
    lab.workspace.presets.mkdir()
    (lab.workspace.presets / "slow.toml").write_text(SLOW_RUN)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "moetui.cli.main", "--workspace", str(lab.workspace.root), "serve", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(FAKE), "LC_ALL": "C.UTF-8"}
    server = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stderr is not None
        found = re.search(r"http\S+", server.stderr.readline())
        assert found is not None
        yield found[0]
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


@pytest.fixture
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        # In a container there is no user namespace for the browser's own sandbox; it sees nothing but our page.
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def opened(browser: Any, address: str) -> Tab:
    context = browser.new_context(
        viewport={"width": 1000, "height": 640}, permissions=["clipboard-read", "clipboard-write"]
    )
    tab = Tab(context.new_page())
    tab.page.goto(address)
    tab.shows("Launch")
    tab.ready()
    return tab


def test_launch_watch_resize_and_quit(lab: Lab, browser: Any, entrance: str) -> None:
    tab = opened(browser, entrance)
    assert tab.page.title() == "moetui"
    assert "token" not in tab.page.url
    tab.shows("quickstart")
    tab.press("/", *"slow")
    tab.shows("* slow")
    tab.press("Enter", "Enter")
    tab.shows("running")
    assert [run.preset for run in lab.snapshot().runs if run.live] == ["slow"]
    before = tab.page.screenshot()
    tab.press()
    eventually(lambda: any(run.update > 500 for run in lab.snapshot().runs), what="the run goes on")
    tab.shows("%")
    assert tab.page.screenshot() != before
    assert re.search("[\u2801-\u28ff]", tab.sent), "no dot of a curve came"
    tab.press()
    tab.page.set_viewport_size({"width": 1500, "height": 900})
    tab.shows("Learning rate")
    tab.press("q")
    tab.holds("document.body.classList.contains('-closed')")
    assert {address.split("/")[2] for address in tab.requests if address.startswith("http")} == {entrance.split("/")[2]}
    assert tab.faults == []
    assert any(run.live for run in lab.snapshot().runs), "leaving leaves the run alone"


def test_what_is_copied_is_in_the_clipboard(lab: Lab, browser: Any, entrance: str) -> None:
    end_run(lab, write_run(lab, "mine", name="mine"))
    tab = opened(browser, entrance)
    tab.press("3")
    tab.shows("finished")
    tab.press("y")
    tab.shows("ids, for the command line")
    tab.press("Enter")
    tab.shows("copied ids")
    tab.holds("(async () => await navigator.clipboard.readText() === 'mine')()")


def test_a_second_tab_and_a_reload_have_an_interface_of_their_own(browser: Any, entrance: str) -> None:
    tab = opened(browser, entrance)
    other = Tab(tab.page.context.new_page())
    other.page.goto(entrance.partition("?")[0])
    other.shows("Launch")
    other.ready()
    other.press("3")
    other.shows("newest first")
    other.page.reload()
    other.shows("quickstart")
    other.ready()
    tab.page.bring_to_front()
    tab.press("5")
    tab.shows("cores")
    assert (tab.faults, other.faults) == ([], [])


@pytest.mark.parametrize("address", ["?token=wrong", ""])
def test_without_the_token_nobody_comes_in(browser: Any, entrance: str, address: str) -> None:
    page = browser.new_context().new_page()
    answer = page.goto(f"{entrance.partition('?')[0]}{address}")
    assert answer.status == 403
    assert "with its token" in page.content()
