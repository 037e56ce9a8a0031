"""The Launch screen beside a workspace that holds runs: reuse, audit, what is to be beaten, presets used last, saving."""

import tomllib
from collections.abc import Callable

from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from moetui.core.planning.plan import PlannedRun, Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.dialogs.ask import Ask
from moetui.tui.dialogs.confirm import Confirm
from moetui.tui.launch.card import Card
from moetui.tui.launch.findings import FindingsPanel
from moetui.tui.launch.preset_tree import RECENT, PresetTree
from moetui.tui.launch.run_list import RunList
from moetui.tui.launch.screen import LaunchScreen
from tests.conftest import eventually
from tests.tui.lab_on_disk import end_run, write_planned
from tests.tui.screens.test_launch import ready, said, screen, type_text, until


def quickstart() -> list[PlannedRun]:
    return plan(Library.load(), Selection(presets=("quickstart",)))


def here(pilot: Pilot[None]) -> list[str]:
    return [line.here for line in screen(pilot).query_one(RunList).lines]


def burst(app: MoetuiApp, *keys: str) -> None:
    """Press keys faster than the app can act on the first."""
    for key in keys:
        app.post_message(Key(key, " " if key == "space" else key if len(key) == 1 else None))


async def test_what_is_here_is_not_run_again_unless_asked(lab: Lab, fake_engine: Callable[[str], None]) -> None:
    first, second, _ = quickstart()
    end_run(lab, write_planned(lab, "aaaaaaaa", first))
    end_run(lab, write_planned(lab, "bbbbbbbb", second), "diverged")
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: said(pilot, "totals").startswith("3 runs, 2 here already"), "the runs are found")
        assert here(pilot)[0].startswith("aaaaaaaa ")
        assert here(pilot)[1:] == ["bbbbbbbb diverged", "new"]
        costs = [line.cost for line in screen(pilot).query_one(RunList).lines]
        assert costs[:2] == ["", ""]
        assert costs[2]
        await pilot.press("u")
        assert here(pilot) == ["anew", "anew", "new"]
        assert said(pilot, "totals").startswith("3 runs ·")
        await pilot.press("u", "enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm) or app.current_mode == "live", "it starts")
        if isinstance(app.screen, Confirm):  # 0.3 is above the cliff
            await pilot.press("y")
        await until(pilot, lambda: app.current_mode == "live", "Live is shown")
        made = [run for run in lab.records() if not run.published and run.id not in ("aaaaaaaa", "bbbbbbbb")]
        assert [run.name for run in made] == ["quickstart/lr=0.3"]
        assert set(app.watch_ids) == {"aaaaaaaa", "bbbbbbbb", made[0].id}
    eventually(lambda: lab.see(made[0]).status == "finished", what="the dispatcher ran it")


async def test_with_everything_here_enter_says_so(lab: Lab) -> None:
    for letter, run in zip("abc", quickstart(), strict=True):
        end_run(lab, write_planned(lab, letter * 8, run))
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "nothing to run" in said(pilot, "totals"), "the runs are found")
        await pilot.press("enter")
        await until(pilot, lambda: bool(list(app._notifications)), "it is said")
        assert app.current_mode == "launch"
        assert len([run for run in lab.records() if not run.published]) == 3


async def test_the_audit_is_shown_and_a_warning_is_asked_about(lab: Lab) -> None:
    end_run(lab, write_planned(lab, "aaaaaaaa", quickstart()[1]), "diverged")
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "above-cliff" in said(pilot, "audit"), "the finding is shown")
        await pilot.press("v", "v")
        panel = screen(pilot).query_one(FindingsPanel)
        text = str(panel.children[0].render())
        assert "warning: above-cliff" in text
        assert "quickstart/lr=0.3" in text
        assert "try: choose optimizer.lr below 0.05" in text
        await pilot.press("u", "enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question is asked")
        await pilot.press("n")
        assert not [run for run in lab.records() if run.pending]


async def test_the_curve_to_beat_lies_under_the_planned_ones(lab: Lab) -> None:
    end_run(lab, write_planned(lab, "aaaaaaaa", quickstart()[1]))
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        chart = screen(pilot).query_one(Chart)
        await until(pilot, lambda: any(s.name.startswith("best 5.") for s in chart.spec.series), "the curve is there")
        ghost = next(series for series in chart.spec.series if series.name.startswith("best 5."))
        planned = quickstart()[1].config
        assert list(ghost.y) == [planned.lr_at(update) for update in range(1, planned.training.updates + 1)]
        assert ghost.emphasis == "faint"


async def test_presets_used_last_come_first(lab: Lab) -> None:
    end_run(lab, write_planned(lab, "aaaaaaaa", quickstart()[1]))
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        tree = screen(pilot).query_one(PresetTree)
        await until(pilot, lambda: str(tree.root.children[0].label) == RECENT, "it is listed")
        assert [str(node.label) for node in tree.root.children[0].children] == ["quickstart ×3"]
        await pilot.press("home", "down")
        await until(pilot, lambda: said(pilot, "totals").startswith("3 runs"), "it is planned from there")


async def test_a_plan_is_saved_as_a_preset_and_never_over_a_file_unasked(lab: Lab) -> None:
    path = lab.workspace.presets / "mine" / "quickstart.toml"
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("right", "space", "w")
        await until(pilot, lambda: isinstance(app.screen, Ask), "the name is asked for")
        assert app.screen.query_one(Input).value == "mine/quickstart"
        await pilot.press("enter")
        await until(pilot, lambda: said(pilot, "totals").startswith("2 runs"), "it is saved")
        assert tomllib.loads(path.read_text())["grid"] == {"optimizer": {"lr": [0.05, 0.3]}}
        tree = screen(pilot).query_one(PresetTree)
        await until(pilot, lambda: getattr(tree.entry, "name", "") == "mine/quickstart", "the tree points at it")
        path.write_text("# precious\n" + path.read_text())
        for answer in ("n", "y"):
            await pilot.press("w", "enter")
            await until(pilot, lambda: isinstance(app.screen, Confirm), "it is asked")
            assert path.read_text().startswith("# precious")
            await pilot.press(answer)
            await until(pilot, lambda: isinstance(app.screen, LaunchScreen), "the question is gone")
        await until(pilot, lambda: not path.read_text().startswith("# precious"), "it is replaced")


async def test_a_name_that_is_taken_is_told(lab: Lab) -> None:
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("w", *["backspace"] * 20)
        await type_text(pilot, "quickstart")
        await pilot.press("enter")
        await until(pilot, lambda: bool(list(app._notifications)), "it is told")
        assert "is taken by" in next(iter(app._notifications)).message
        assert not lab.workspace.presets.exists()


async def test_the_scale_is_one_key_away(lab: Lab) -> None:
    async with MoetuiApp(lab).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("s", "s")
        assert screen(pilot).query_one(Card).words.source.startswith("at scale 9m · ")
        assert "quickstart@9m" in screen(pilot).query_one(RunList).lines[0].run.name


async def test_keys_of_one_burst_go_where_the_key_before_them_leads(lab: Lab) -> None:
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        burst(app, "slash", *"first", "space", *"look", "enter", "right", "n", *"0.7", "enter", "u")
        await until(pilot, lambda: not screen(pilot)._desk.reuse, "the last key has arrived")
        assert screen(pilot).query_one("#search", Input).value == "first look"
        await until(pilot, lambda: bool(screen(pilot)._desk.outlook.runs), "it is planned")
        burst(app, "w", *["backspace"] * 40, *"burst", "enter", "u")
        await until(pilot, lambda: (lab.workspace.presets / "burst.toml").exists(), "it is saved under the whole name")
        await until(pilot, lambda: screen(pilot)._desk.reuse, "the key after enter is the screen's")


async def test_what_cannot_be_queued_is_said_and_can_be_tried_again(
    lab: Lab, fake_engine: Callable[[str], None]
) -> None:
    for number, planned in enumerate(quickstart()):
        broken_off = number == 0
        record = write_planned(lab, "abc"[number] * 8, planned)
        end_run(lab, record, "stopped" if broken_off else "finished", update=50 if broken_off else None)
    gone = lab.workspace.runs / "aaaaaaaa"
    away = gone.rename(lab.workspace.root / "away")
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: said(pilot, "totals").startswith("3 runs, 2 here already"), "the runs are found")
        await pilot.press("enter")
        await until(pilot, lambda: any("is gone" in told.message for told in app._notifications), "it is said")
        away.rename(gone)
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "live", "Live is shown")
