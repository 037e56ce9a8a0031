"""What the terminal can show, as `doctor` and the interface both see it."""

import os
import subprocess
import sys

import pytest

ASK = "from moetui.core.terminal import why_ascii; print(why_ascii())"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}, ""),
        ({"TERM": "tmux-256color"}, ""),  # without any locale Python, like most terminals, takes UTF-8
        ({"TERM": "xterm", "LC_ALL": "POSIX"}, "ANSI_X3.4-1968"),
        ({"TERM": "linux", "LC_ALL": "C.UTF-8"}, "TERM=linux"),
    ],
)
def test_locale_and_terminal_choose_the_characters(settings: dict[str, str], reason: str) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))}
    answer = subprocess.run(
        [sys.executable, "-c", ASK], env=clean | settings, capture_output=True, text=True, check=True
    )
    assert reason in answer.stdout
    assert bool(answer.stdout.strip()) == bool(reason)


def test_doctor_tells_what_the_interface_will_do(tmp_path: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "moetui.cli.main", "--workspace", str(tmp_path), "doctor"],
        env=os.environ | {"TERM": "linux"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TERM=linux has no braille" in answer.stdout
    assert "drawn in ASCII" in answer.stdout
