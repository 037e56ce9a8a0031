"""The Launch screen, driven by its keys."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from moetui.core.catalogue.records import RunRecord
from moetui.core.preferences import workspace_file
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.dialogs.confirm import Confirm
from moetui.tui.launch.card import Card
from moetui.tui.launch.desk import Edits
from moetui.tui.launch.findings import FindingsPanel
from moetui.tui.launch.preset_tree import PresetTree
from moetui.tui.launch.run_list import RunList
from moetui.tui.launch.screen import LaunchScreen
from moetui.tui.launch.tick_list import TickList
from tests.conftest import eventually
from tests.core.cluster.fake_slurm import FakeSlurm

SIZES = [(60, 15), (80, 24), (120, 40), (200, 60)]


def screen(pilot: Pilot[None]) -> LaunchScreen:
    found = next(s for s in pilot.app.screen_stack if isinstance(s, LaunchScreen))
    assert isinstance(found, LaunchScreen)
    return found


def said(pilot: Pilot[None], part: str) -> str:
    return str(screen(pilot).query_one(f"#{part}", Static).render())


def rows(pilot: Pilot[None], name: str) -> dict[str, bool]:
    return {row.text.strip(): row.ticked for row in screen(pilot).query_one(f"#{name}", TickList).rows.rows}


async def until(pilot: Pilot[None], condition: Callable[[], bool], what: str) -> None:
    """Poll while the application goes on."""
    for _ in range(1500):
        if condition():
            return
        await pilot.pause(0.02)
    pytest.fail(f"never happened: {what}")


async def ready(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: "on " in said(pilot, "totals"), "the devices are known")


async def type_text(pilot: Pilot[None], text: str) -> None:
    for character in text:
        await pilot.press("space" if character == " " else character)


@pytest.mark.parametrize("size", SIZES)
async def test_it_opens_on_the_quickstart_with_its_plan_at_every_size(lab: Lab, size: tuple[int, int]) -> None:
    async with MoetuiApp(lab).run_test(size=size) as pilot:
        await ready(pilot)
        assert screen(pilot).query_one(Card).words.title.startswith("Quickstart")
        assert rows(pilot, "rates") == {"0.01": True, "0.05": True, "0.3": True}
        assert said(pilot, "totals").startswith("3 runs")
        assert [series.name for series in screen(pilot).query_one(Chart).spec.series] == ["0.01", "0.05", "0.3"]
        assert isinstance(pilot.app.focused, PresetTree)


async def test_a_tick_changes_the_plan_at_once(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("right", "space")
        assert rows(pilot, "rates")["0.01"] is False
        assert said(pilot, "totals").startswith("2 runs")
        assert [series.name for series in screen(pilot).query_one(Chart).spec.series] == ["0.05", "0.3"]
        await pilot.press("right", "right", "a")
        assert said(pilot, "totals").startswith("6 runs")
        await pilot.press("left", "left", "a", "a")
        assert "tick a learning rate" in said(pilot, "totals")


async def test_values_are_typed_into_the_list_that_has_the_focus(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("tab", "n")
        await type_text(pilot, "1..2 x3 log 0.07")
        await pilot.press("enter")
        assert rows(pilot, "rates") == dict.fromkeys(("0.01", "0.05", "0.07", "0.3", "1", "1.41", "2"), True)
        await pilot.press("tab", "n")
        await type_text(pilot, "0.3 0.01")
        await pilot.press("enter")
        assert rows(pilot, "shapes")["30 %   1 %"]
        assert said(pilot, "totals").startswith("14 runs")


async def test_bad_input_is_said_and_stays_for_mending(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("tab", "n")
        await type_text(pilot, "0.1 zap")
        await pilot.press("enter")
        assert "'zap' is not a number" in said(pilot, "note")
        line = screen(pilot).query_one("#rates Input", Input)
        assert line.value == "0.1 zap"
        await pilot.press("backspace", "backspace", "backspace", "enter")
        assert rows(pilot, "rates")["0.1"]
        await pilot.press("n", "7", "escape")
        assert "7" not in rows(pilot, "rates")
        assert pilot.app.focused is screen(pilot).query_one("#rates", TickList).rows


async def test_the_search_narrows_the_tree_and_escape_widens_it(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("slash")
        await type_text(pilot, "phase-1 first")
        await until(pilot, lambda: "phase 1" in screen(pilot).query_one(Card).words.title, "the match is planned")
        await pilot.press("enter")
        assert isinstance(pilot.app.focused, PresetTree)
        assert said(pilot, "totals").startswith("5 runs")
        await pilot.press("escape")
        await pilot.pause()
        assert len(screen(pilot).query_one(PresetTree).root.children) > 3
        assert said(pilot, "totals").startswith("5 runs")


async def test_a_broken_file_is_shown_in_its_place_and_hides_no_other(lab: Lab) -> None:
    lab.workspace.presets.mkdir()
    (lab.workspace.presets / "good.toml").write_text('[preset]\nname = "mine/good"\ntitle = "My own"\n')
    broken = lab.workspace.presets / "broken.toml"
    broken.write_text('[preset]\nname = "[b]"\ntitle = "[/b]"\n[config]\ntrainin.updates = 5\n')
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        tree = screen(pilot).query_one(PresetTree)
        for _ in range(40):
            await pilot.press("pagedown")
        words = screen(pilot).query_one(Card).words
        assert f"{broken}:5: trainin.updates" in words.about
        await pilot.press("enter")  # nothing to start
        assert any("* good" in str(node.label) for folder in tree.root.children for node in folder.children)
        broken.write_text('[preset]\nname = "mended"\ntitle = "Mended"\n')
        await pilot.press("r")
        await pilot.pause()
        assert any("* mended" in str(node.label) for node in tree.root.children)


async def test_offline_text_is_one_key_away(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("slash")
        await type_text(pilot, "79m reference")
        await pilot.press("enter")
        await until(pilot, lambda: "79M" in screen(pilot).query_one(Card).words.title, "the large model is chosen")
        assert "needs the network" in screen(pilot).query_one(Card).words.source
        await pilot.press("o")
        assert "offline text: pydocs" in screen(pilot).query_one(Card).words.source
        assert "data.source=pydocs" in said(pilot, "note")
        await pilot.press("o")
        assert "needs the network" in screen(pilot).query_one(Card).words.source


async def test_runs_on_several_devices_are_one_key_away(lab: Lab, fake_engine: Callable[[str], None]) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("d")
        assert "devices each" not in said(pilot, "totals")
        assert any("training.accumulation" in one.message for one in pilot.app._notifications)
        screen(pilot)._desk.edit(Edits({"training.accumulation": 2, "training.device": "cpu"}))
        await pilot.press("d")
        assert "on 2 devices each" in said(pilot, "totals")
        await pilot.press("d")
        assert "devices each" not in said(pilot, "totals")
        await pilot.press("d", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the plan is asked back")
        await pilot.press("y")
        await until(pilot, lambda: len(lab.snapshot(dispatch=False).pending) > 0 or bool(own(lab)), "they are queued")
    assert {lab.run_dir(run).config().devices for run in own(lab)} == {2}


async def test_runs_on_the_cluster_are_one_key_away(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slurm = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", slurm.path)
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("c")
        assert "on slurm" in said(pilot, "totals")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "the plan is asked back")
        await pilot.press("y")
        await until(pilot, lambda: bool(own(lab)), "they are submitted")
    assert {run.backend for run in own(lab)} == {"slurm"}
    assert len(slurm.asked("sbatch")) == 1
    assert not lab.dispatching()


def own(lab: Lab) -> list[RunRecord]:
    return [run for run in lab.records() if not run.published]


async def test_runs_and_findings_take_the_place_of_the_curves_and_a_tall_terminal_shows_all(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        names, chart = screen(pilot).query_one(RunList), screen(pilot).query_one(Chart)
        assert (chart.display, names.display) == (True, False)
        await pilot.press("v")
        assert (chart.display, names.display) == (False, True)
        assert "quickstart/lr=0.05" in names.render_line(2).text
        await pilot.press("v")
        assert (chart.display, names.display) == (False, False)
        assert screen(pilot).query_one(FindingsPanel).display
        await pilot.press("v")
        assert chart.display
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert (chart.display, names.display) == (True, True)


async def test_enter_queues_the_planned_runs_and_goes_to_live(lab: Lab, fake_engine: Callable[[str], None]) -> None:
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("right", "space", "enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the plan is asked back")
        assert "  quickstart/lr=0.05\n  quickstart/lr=0.3" in str(app.screen.query(Static).first().content)
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "live", "Live is shown")
        queued = [record for record in lab.records() if not record.published]
        assert sorted(record.name for record in queued) == ["quickstart/lr=0.05", "quickstart/lr=0.3"]
        assert set(app.watch_ids) == {record.id for record in queued}
    eventually(lambda: all(lab.see(r).status == "finished" for r in queued), what="the dispatcher ran them")


async def test_many_runs_are_asked_about_and_no_starts_nothing(lab: Lab) -> None:
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("tab", "tab", "tab", "a", "enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question is asked")
        await pilot.press("n")
        await pilot.pause()
        assert app.current_mode == "launch"
        assert not lab.workspace.runs.exists()


async def test_a_workspace_that_cannot_be_written_is_told_and_nothing_is_lost(lab: Lab) -> None:
    lab.workspace.runs.write_text("a file in the way of the directory")
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("enter", "y")
        await until(pilot, lambda: bool(list(app._notifications)), "the fault is told")
        assert [note.severity for note in app._notifications] == ["error"]
        assert app.current_mode == "launch"
        assert said(pilot, "totals").startswith("3 runs")


async def test_the_keys_that_move_go_to_what_has_the_focus(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        tree, rates = screen(pilot).query_one(PresetTree), screen(pilot).query_one("#rates", TickList).rows
        for key, line in (("G", tree.last_line), ("g", 0), ("j", 1), ("down", 2), ("k", 1), ("end", tree.last_line)):
            await pilot.press(key)
            assert (tree.cursor_line, rates.cursor) == (line, 0)
        await pilot.press("pageup")
        assert tree.cursor_line == max(tree.last_line - tree.size.height + 1, 0)
        await pilot.press("home", "right")
        for key, line in (("down", 1), ("j", 2), ("up", 1), ("G", 2), ("pageup", 0), ("pagedown", 2), ("g", 0)):
            await pilot.press(key)
            assert (tree.cursor_line, rates.cursor) == (0, line), key


async def test_a_line_that_is_open_has_those_keys_for_itself(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        tree, rates = screen(pilot).query_one(PresetTree), screen(pilot).query_one("#rates", TickList).rows
        await pilot.press("tab", "n", *"jkgG", "up", "pagedown", "home", "G")
        assert isinstance(pilot.app.focused, Input)
        assert (pilot.app.focused.value, rates.cursor) == ("GjkgG", 0)
        await pilot.press("escape", "slash", *"muon", "up", "pageup")
        await pilot.pause()
        assert isinstance(pilot.app.focused, Input)
        line = tree.cursor_line
        await pilot.press("down")
        assert (screen(pilot).focused, tree.cursor_line) == (tree, line)
        await pilot.press("down")
        assert tree.cursor_line == line + 1


async def test_moving_has_keys_of_ones_own_and_is_in_the_palette(lab: Lab) -> None:
    workspace_file(lab.workspace).write_text('[keys.launch]\n"cursor(1)" = "z"\n')
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        tree = screen(pilot).query_one(PresetTree)
        await pilot.press("home", "z", "down", "j")
        assert tree.cursor_line == 1
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        await commands["Go to the last line."].callback()
        assert tree.cursor_line == tree.last_line


async def test_what_has_no_cursor_is_scrolled_by_the_same_keys(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("tab", "tab", "tab", "n", *"1..60", "enter", "v")
        runs = screen(pilot).query_one(RunList)
        await pilot.pause()
        screen(pilot).set_focus(runs)
        for key, top in (("j", 1), ("down", 2), ("k", 1), ("end", runs.max_scroll_y), ("g", 0)):
            await pilot.press(key)
            assert runs.scroll_offset.y == (top or 0), key
        await pilot.press("left")
        assert pilot.app.focused is not runs


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_lists_are_as_wide_as_their_words_and_the_rest_is_the_charts(lab: Lab, size: tuple[int, int]) -> None:
    app = MoetuiApp(lab)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        lists = app.screen.query(TickList)
        await until(pilot, lambda: all(len(one.rows.rows) > 0 for one in lists), "the lists are filled")
        await pilot.pause()
        for one in lists:
            longest = max(len(row.text) for row in one.rows.rows)
            assert longest < one.rows.size.width <= max(longest, 20) + 8
        assert app.screen.query_one("#lists").size.height == 1 + max(len(one.rows.rows) for one in lists)
        assert app.screen.query_one(Chart).size.height >= size[1] // 3


async def test_what_was_started_before_is_not_asked_back(
    lab: Lab, finished: list[RunRecord], fake_engine: Callable[[str], None]
) -> None:
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: bool(app.picture.snapshot.runs), "the runs are read")
        await pilot.press("u", "enter")
        await until(pilot, lambda: app.current_mode == "live", "they start at once")
        assert len(app.watch_ids) == 3


async def test_what_a_search_finds_on_the_line_of_the_cursor_is_planned(lab: Lab) -> None:
    lab.workspace.presets.mkdir()
    text = '[preset]\nname = "slow"\ntitle = "It lasts"\nabout = "long"\nextends = "base/moe-tiny"\n'
    (lab.workspace.presets / "slow.toml").write_text(text)
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("slash", *"slow", "enter")
        await until(pilot, lambda: app.screen.query_one(Card).words.title == "It lasts", "what was found is told")
        assert said(pilot, "totals").startswith("1 run ")
