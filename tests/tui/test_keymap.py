"""The user's own keys, from the file to the footer."""

import re
from pathlib import Path

import pytest

from moetui.core import preferences
from moetui.core.preferences import KeyChoice, read_settings, user_file, workspace_file
from moetui.core.runs.lab import Lab
from moetui.tui.actions import ACTIONS
from moetui.tui.app import MoetuiApp
from moetui.tui.dialogs.help import Help
from moetui.tui.keymap import keymap_of
from tests.tui.seen import shows, until


def choice(place: str, action: str, *keys: str) -> KeyChoice:
    return KeyChoice(place, action, keys, "settings.toml:3")


def test_keys_are_written_as_people_write_them_or_as_textual_does() -> None:
    keymap = keymap_of([choice("live", "stop", "?", "ctrl+x", "f9", "question_mark", "X", "space")])
    assert keymap.keys == {"live.stop": "question_mark,ctrl+x,f9,question_mark,X,space"}


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (choice("lives", "stop", "x"), "settings.toml:3: no such place: lives; did you mean live?"),
        (choice("live", "stopp", "x"), "settings.toml:3: no such action: stopp; did you mean stop?"),
        (choice("live", "stop", "ctrl+pgdown"), "settings.toml:3: no such key: ctrl+pgdown; did you mean pagedown?"),
        (choice("live", "stop", "l"), "settings.toml:3: l is the key of log as well; give that another one"),
        (
            choice("live", "stop", "q"),
            "settings.toml:3: q is the key of everywhere.quit as well; give that another one",
        ),
        (
            choice("everywhere", "tour", "P"),
            "settings.toml:3: P is the key of live.pause as well; give that another one",
        ),
    ],
)
def test_a_fault_names_place_and_the_nearest(said: KeyChoice, fault: str) -> None:
    assert keymap_of([said]).faults == (fault,)


def test_two_actions_may_swap_their_keys_and_two_places_have_the_same_one() -> None:
    assert keymap_of([choice("live", "stop", "l"), choice("live", "log", "s")]).faults == ()
    assert keymap_of([choice("live", "stop", "q"), choice("everywhere", "quit", "f9")]).faults == ()
    assert keymap_of([choice("live", "stop", "f9"), choice("runs", "stop", "f9")]).faults == ()


def test_a_key_that_is_meant_to_be_another_one_in_a_place_is_no_fault() -> None:
    assert keymap_of([choice("log", "back", "escape", "q")]).faults == ()
    assert keymap_of([choice("everywhere", "quit", "q")]).faults == ()
    assert keymap_of([choice("everywhere", "quit", "l")]).faults != ()


def test_the_examples_of_the_documentation_have_no_fault(lab: Lab) -> None:
    page = (Path(__file__).parents[2] / "docs" / "terminal" / "everywhere.md").read_text()
    (of_page,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    of_module = "\n".join(re.findall(r"^    (.*)", preferences.__doc__ or "", re.MULTILINE))
    for example in (of_page, of_module):
        user_file().write_text(example)
        settings = read_settings(lab.workspace)
        assert {choice.action for choice in settings.keys} == {"stop", "cursor(1)"}
        assert settings.notify == ("notify-send", "moetui")
        assert (settings.faults, keymap_of(settings.keys).faults) == ((), ())


def test_no_key_of_ours_is_one_that_terminals_multiplexers_or_shells_take() -> None:
    taken = {"ctrl+c", "ctrl+q", "ctrl+s", "ctrl+b", "ctrl+a", "ctrl+circumflex_accent", "f1", "f10", "f11"}
    ours = {key for action in ACTIONS for key in action.keys.split(",")}
    assert ours & taken == set()
    assert not any(key.startswith(("alt+", "super+")) for key in ours)


def test_no_place_has_one_key_for_two_actions() -> None:
    for place in {action.place for action in ACTIONS}:
        keys = [key for action in ACTIONS if action.place == place for key in action.keys.split(",")]
        assert len(keys) == len(set(keys)), place


async def test_the_key_acts_and_footer_help_and_palette_show_it(lab: Lab, user: Path) -> None:
    workspace_file(lab.workspace).write_text('[keys.everywhere]\nhelp = "f6"\n[keys.runs]\ntrash = ["B", "f7"]\n')
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        await shows(pilot, "f6 Help")
        commands = {command.title: command.help for command in app.get_system_commands(app.screen)}
        assert commands["List the deleted runs, or the others again."] == "key B f7"
        await pilot.press("T", "question_mark")
        assert app.screen.is_current
        assert not isinstance(app.screen, Help)
        await pilot.press("f6")
        assert isinstance(app.screen, Help)
        await pilot.press("slash", *"deleted runs")
        await pilot.pause()
        await shows(pilot, "B f7")


async def test_a_fault_is_told_and_all_other_keys_hold(lab: Lab, user: Path) -> None:
    (user / "settings.toml").write_text('tour = false\n[keys.live]\nstopp = "x"\n[keys.everywhere]\nquit = "Q"\n')
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await until(pilot, lambda: app._notifications)
        (told,) = app._notifications
        assert told.message == f"{user}/settings.toml:3: no such action: stopp; did you mean stop?"
        await pilot.press("q")
        assert app.is_running
        await pilot.press("Q")
    assert not app.is_running
