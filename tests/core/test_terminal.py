"""What the terminal can show, as `doctor` and the interface both see it."""

import os
import subprocess
import sys

import pytest

from moetui.core.terminal import notification

ASK = "from moetui.core.terminal import detect_charset; print(*detect_charset())"


@pytest.mark.parametrize(
    ("settings", "charset", "reason"),
    [
        ({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}, "braille", ""),
        ({"TERM": "tmux-256color"}, "braille", ""),  # without any locale Python, like most terminals, takes UTF-8
        ({"TERM": "xterm", "LC_ALL": "POSIX"}, "ascii", "ANSI_X3.4-1968"),
        ({"TERM": "linux", "LC_ALL": "POSIX"}, "ascii", "ANSI_X3.4-1968"),
        ({"TERM": "linux", "LC_ALL": "C.UTF-8"}, "block", "TERM=linux"),
    ],
)
def test_locale_and_terminal_choose_the_characters(settings: dict[str, str], charset: str, reason: str) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))}
    answer = subprocess.run(
        [sys.executable, "-c", ASK], env=clean | settings, capture_output=True, text=True, check=True
    )
    chosen, _, why = answer.stdout.strip().partition(" ")
    assert chosen == charset
    assert reason in why
    assert bool(why) == bool(reason)


def test_doctor_tells_what_the_interface_will_do(tmp_path: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "moetui.cli.main", "--workspace", str(tmp_path), "doctor"],
        env=os.environ | {"TERM": "linux"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "TERM=linux has no braille" in answer.stdout
    assert "drawn in blocks" in answer.stdout


def test_a_notification_is_wrapped_for_what_is_in_between_and_no_name_gets_out_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert notification("run\x1b]52;c;eA==\x07 done\n") == "\x1b]9;run ]52;c;eA==  done \x07"
    monkeypatch.setenv("STY", "1.tty")
    assert notification("done") == "\x1bP\x1b]9;done\x07\x1b\\"
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    assert notification("done") == "\x1bPtmux;\x1b\x1b]9;done\x07\x1b\\"
