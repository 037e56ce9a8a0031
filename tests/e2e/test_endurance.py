"""The interface in a real terminal that is suspended, resized, watched in place, and shown in a browser."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.e2e.test_terminal import Terminal, interfaces
from tests.tui.lab_on_disk import end_run, write_run

in_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


@pytest.fixture
def terminal(lab: Lab) -> Iterator[Terminal]:
    end_run(lab, write_run(lab, "a", name="first"))
    opened = Terminal((90, 24), lab.workspace.root)
    yield opened
    opened.close()


@pytest.mark.slow
@in_tmux
def test_ctrl_z_gives_the_shell_and_fg_the_same_screen_again(lab: Lab, terminal: Terminal) -> None:
    terminal.open(["bash", "--norc", "-i"])
    terminal.press(f"{sys.executable} -m moetui.cli.main", "Enter")
    terminal.shows("Quickstart")
    terminal.press("3")
    terminal.shows("first")
    terminal.press("C-z")
    terminal.shows("Stopped")
    assert "3 Runs" not in terminal.screen()
    terminal.press("echo st''ill here", "Enter")
    terminal.shows("still here")
    terminal.press("fg", "Enter")
    terminal.shows("3 Runs")
    terminal.shows("first")
    assert "still here" not in terminal.screen()
    terminal.press("?")
    terminal.shows("Keys: runs")


@pytest.mark.slow
@in_tmux
def test_a_storm_of_sizes_ends_in_a_whole_screen(lab: Lab, terminal: Terminal) -> None:
    terminal.open()
    terminal.shows("Quickstart")
    for index in range(40):
        terminal._tmux("resize-window", "-x", str(30 + index * 7 % 110), "-y", str(5 + index * 5 % 45))
    terminal._tmux("resize-window", "-x", "100", "-y", "30")
    terminal.press("3")
    terminal.shows("first")
    terminal.shows("(?s)moetui .*Help.*")
    terminal.press("q")
    terminal.shows("left with 0")


@pytest.mark.slow
@in_tmux
def test_watch_draws_in_place_and_leaves_what_was_there(lab: Lab, terminal: Terminal) -> None:
    moetui = f"{sys.executable} -m moetui.cli.main"
    terminal.open(["bash", "-c", f"echo before; {moetui} watch first; echo after with $?"])
    terminal.shows(r"(?s)first.*Loss.*after with 0")
    assert terminal._tmux("capture-pane", "-p", "-S", "-").count("before") == 1


@pytest.mark.slow
@in_tmux
def test_sighup_ends_the_interface_and_restores_the_terminal(lab: Lab, terminal: Terminal) -> None:
    terminal.open()
    terminal.shows("Quickstart")
    (interface,) = interfaces(lab)
    interface.send_signal(signal.SIGHUP)
    terminal.shows("left with 0")
    assert "Quickstart" not in terminal.screen()


@pytest.mark.slow
def test_the_browser_shows_the_interface_to_whoever_has_the_token(lab: Lab) -> None:
    end_run(lab, write_run(lab, "a"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "moetui.cli.main",
        "--workspace",
        str(lab.workspace.root),
        "serve",
        "--port",
        str(port),
    ]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"TERM": "dumb"})
    try:
        assert server.stderr is not None
        entrance = server.stderr.readline().split()[-1]
        assert entrance.startswith(f"http://127.0.0.1:{port}/?token=")
        eventually(lambda: reached(port))
        asyncio.run(visit(entrance, port))
    finally:
        server.terminate()
        server.wait(60)


def reached(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def visit(entrance: str, port: int) -> None:
    """A stranger is refused, a guest sees the interface, and a page from elsewhere does not get in with the guest's cookie."""
    here = f"http://127.0.0.1:{port}"
    jar = aiohttp.CookieJar(unsafe=True)  # unsafe: takes cookies of an address without a name
    async with aiohttp.ClientSession() as stranger, aiohttp.ClientSession(cookie_jar=jar) as guest:
        for path in ("/", "/ws", "/static/js/textual.js", "/?token=wrong"):
            async with stranger.get(here + path) as answer:
                assert answer.status == 403
        async with guest.get(entrance) as answer:
            assert answer.status == 200
            assert "token" not in str(answer.url)
        async with guest.get(f"{here}/ws", headers={"Origin": "http://127.0.0.1:1"}) as answer:
            assert answer.status == 403
        async with guest.ws_connect(f"{here}/ws?width=90&height=24", origin=here) as ws:
            drawn = b""
            while b"Quickstart" not in drawn:
                message = await ws.receive(timeout=60)
                assert message.type in {aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT}, message
                drawn += message.data if isinstance(message.data, bytes) else message.data.encode()


def test_without_the_extra_serve_says_what_to_install(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "textual_serve").mkdir()
    (tmp_path / "textual_serve" / "__init__.py").write_text("raise ModuleNotFoundError('no', name='textual_serve')")
    answer = subprocess.run(
        [sys.executable, "-m", "moetui.cli.main", "--workspace", str(lab.workspace.root), "serve"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "moetui: textual_serve is not installed; `pip install 'moetui[serve]'` brings it\n"
