"""What people set once for the interface."""

import os
from pathlib import Path

import pytest

from moetui.core.preferences import KeyChoice, Preferences, read_settings, remember, workspace_file
from moetui.core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_without_files_everything_is_as_usual(workspace: Workspace, user: Path) -> None:
    (user / "settings.toml").unlink()
    assert read_settings(workspace).preferences == Preferences()
    assert read_settings(workspace).faults == ()


def test_the_workspace_has_the_last_word(workspace: Workspace, user: Path) -> None:
    (user / "settings.toml").write_text('theme = "light"\nbell = true\n[keys.live]\nstop = "x"\nlog = "y"\n')
    workspace_file(workspace).write_text('theme = "terminal"\n[keys.live]\nstop = ["z", "ctrl+x"]\n')
    settings = read_settings(workspace)
    assert (settings.preferences.theme, settings.preferences.bell) == ("terminal", True)
    where = workspace_file(workspace)
    assert KeyChoice("live", "stop", ("z", "ctrl+x"), f"{where}:3") in settings.keys
    assert KeyChoice("live", "log", ("y",), f"{user}/settings.toml:5") in settings.keys


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('bell = true\nthene = "dark"', ":2: no such setting: thene; did you mean theme?"),
        ('\n\ntheme = "drak"', ":3: theme should be 'auto', 'dark', 'light' or 'terminal', got 'drak'"),
        ("bell = 1", ":1: bell should be a valid boolean, got 1"),
        ("remote = true\n[keys.live]\nstop = 3", ":3: stop takes a key or a list of keys, got 3"),
        ("[keys]\nlive = 3", ":2: keys.live is a table of actions"),
        ("keys = 3", ":1: keys is a table of places"),
        ("bell = maybe", "at line 1"),
    ],
)
def test_a_fault_is_one_sentence_with_file_and_line_and_costs_nothing_else(
    workspace: Workspace, user: Path, text: str, fault: str
) -> None:
    (user / "settings.toml").write_text(text)
    workspace_file(workspace).write_text("osc9 = true\n")
    settings = read_settings(workspace)
    (said,) = settings.faults
    assert said.startswith(str(user / "settings.toml"))
    assert fault in said
    assert len(said.splitlines()) == 1
    assert settings.preferences.osc9


def test_what_is_remembered_leaves_the_rest_of_the_file_alone(workspace: Workspace, user: Path) -> None:
    written = '# mine\ntheme = "dark"\n\n[keys.live]  # left hand\nstop = "x"\n'
    (user / "settings.toml").write_text(written)
    remember("tour", False)
    remember("theme", "light")
    text = (user / "settings.toml").read_text()
    assert text == '# mine\ntheme = "light"\ntour = false\n\n[keys.live]  # left hand\nstop = "x"\n'
    assert not read_settings(workspace).preferences.tour


def test_the_first_thing_remembered_makes_the_file(workspace: Workspace, user: Path) -> None:
    (user / "settings.toml").unlink()
    user.rmdir()
    remember("tour", False)
    assert (user / "settings.toml").read_text() == "tour = false\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said(workspace: Workspace, user: Path) -> None:
    (user / "settings.toml").chmod(0)
    assert "Permission denied" in read_settings(workspace).faults[0]
