"""Help for the place one is in, and the tour."""

from pathlib import Path

import pytest

from moetui.core.preferences import read_settings
from moetui.core.runs.lab import Lab
from moetui.tui.action_groups import GROUPS
from moetui.tui.actions import ACTIONS, actions_of
from moetui.tui.app import MoetuiApp
from moetui.tui.dialogs.help import Help, found, of_place
from moetui.tui.dialogs.tour import STEPS, Tour, with_keys
from tests.tui.seen import shows, until

SIZES = [(60, 15), (80, 24), (120, 40)]


def test_the_groups_hold_every_action_of_a_place_once_and_name_none_that_is_not() -> None:
    for place in {action.place for action in ACTIONS} - {"everywhere"}:
        groups = of_place(place)
        listed = [action for name, actions in groups.items() for action in actions]
        assert sorted(listed, key=str) == sorted([*actions_of(place), *actions_of("everywhere")], key=str)
    methods = {action.id.partition("(")[0] for action in ACTIONS}
    assert {method for group in GROUPS.values() for method in group} <= methods


def test_a_search_finds_words_in_all_places_and_keys() -> None:
    assert [action.id for action in found("expressly nothing", {}).get("Runs", [])] == []
    assert "trash" in [action.id for action in found("DELETED list", {})["Runs"]]
    assert [action.id for action in found("f9", {"live.log": "f9"})["Live"]] == ["log"]


@pytest.mark.parametrize("size", SIZES)
async def test_help_is_about_the_place_and_scrolls_and_searches(lab: Lab, size: tuple[int, int]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=size) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        await shows(pilot, "Keys: runs")
        await shows(pilot, "Open the run")
        for _ in range(10):
            await pilot.press("pagedown")
        await pilot.pause()
        await shows(pilot, "Take the tour")
        await pilot.press("slash", *"rename")
        await pilot.pause()
        await shows(pilot, "another name")
        await pilot.press(*"zzz")
        await pilot.pause()
        await shows(pilot, "no action has these words")
        await pilot.press("escape")
        assert isinstance(app.screen, Help)
        await pilot.press("escape")
        assert not isinstance(app.screen, Help)


def test_every_step_of_the_tour_names_actions_that_there_are() -> None:
    keys = {action.full_id: "KEY" for action in ACTIONS}
    for _, text in STEPS:
        assert "{" not in with_keys(text, keys).plain
    assert len(STEPS) == 5


@pytest.mark.parametrize("size", SIZES)
async def test_the_tour_is_read_to_its_end_and_does_not_come_back(lab: Lab, user: Path, size: tuple[int, int]) -> None:
    (user / "settings.toml").unlink()
    app = MoetuiApp(lab, tour=True)
    async with app.run_test(size=size) as pilot:
        for number, (title, _) in enumerate(STEPS, start=1):
            await pilot.pause()
            await shows(pilot, f"{number} of 5: {title}")
            await shows(pilot, "never again")
            await pilot.press("enter")
        await pilot.pause()
        assert not isinstance(app.screen, Tour)
    assert not read_settings(lab.workspace).preferences.tour


@pytest.mark.parametrize(("key", "comes_back"), [("escape", True), ("x", False)])
async def test_the_tour_is_put_off_or_skipped_for_good(lab: Lab, user: Path, key: str, comes_back: bool) -> None:
    (user / "settings.toml").unlink()
    app = MoetuiApp(lab, tour=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, Tour))
        await pilot.press("right", "left", key)
        assert not isinstance(app.screen, Tour)
        await pilot.press("f4")
        await pilot.pause()
        await shows(pilot, "1 of 5")
    assert read_settings(lab.workspace).preferences.tour == comes_back


async def test_nobody_who_did_not_ask_gets_the_tour(lab: Lab, user: Path) -> None:
    (user / "settings.toml").unlink()
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.picture.snapshot.taken)
        await pilot.pause()
        assert not isinstance(app.screen, Tour)
