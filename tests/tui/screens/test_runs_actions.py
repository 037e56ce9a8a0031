"""What can be done to runs from their list, and undone."""

import math
import os
import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from textual.events import AppBlur
from textual.widgets import Input

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.tui import app as app_module
from moetui.tui.app import MoetuiApp
from moetui.tui.dialogs.ask import Ask
from moetui.tui.dialogs.confirm import Confirm
from moetui.tui.run import copies
from moetui.tui.run.page import RunPage
from moetui.tui.runs.screen import RunsScreen
from moetui.tui.widgets.columns import Column
from moetui.tui.widgets.listing import RunIndex
from tests.tui.lab_on_disk import end_run, start, write_run
from tests.tui.screens.runs_seen import PUBLISHED, listed, names, said, table
from tests.tui.seen import seen, until


async def test_a_published_result_is_labelled_and_deleted_in_a_workspace_without_a_catalogue(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        total, name = len(names(app)), names(app)[0]
        await pilot.press("t", *"seen", "enter")
        await until(pilot, lambda: lab.find(name).tags == ("seen",))
        await pilot.press("d")
        await until(pilot, lambda: len(names(app)) == total - 1)
        await pilot.press("u")
        await until(pilot, lambda: len(names(app)) == total)
        assert lab.find(name).tags == ("seen",)


async def test_undo_goes_back_deletion_by_deletion_and_knows_those_before_a_failure(
    lab: Lab, fake_engine: Callable[[str], None], finished: list[RunRecord]
) -> None:
    fake_engine("hold")
    start(lab, write_run(lab, "alive", name="alive", created=time.time() + 9))
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and names(app)[:1] == ["alive"])
        await until(pilot, lambda: app.picture.snapshot.statuses.get("alive") == "running")
        await pilot.press("end", "d")
        await until(pilot, lambda: len(names(app)) == PUBLISHED + 2)
        await pilot.press("home", "down", "space", "home", "space", "d")  # the second of the two cannot be deleted
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: len(names(app)) == PUBLISHED + 1)
        assert "alive" in names(app)
        await pilot.press("u")
        await until(pilot, lambda: len(names(app)) == PUBLISHED + 2)
        assert "quickstart/lr=0.05" in names(app)
        await pilot.press("u")
        await until(pilot, lambda: len(names(app)) == PUBLISHED + 3)


async def test_a_damaged_catalogue_is_said_in_the_trash_too(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        lab.workspace.runs_json.write_text('{"runs": {')
        await pilot.press("T")
        await until(pilot, lambda: "line 1, column" in said(app, "about"))
        assert names(app) == []
        assert "No deleted runs" not in "".join(segment.text for segment in table(app).render_line(2))


async def test_a_run_is_tagged_and_annotated(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("t", *"warm", "enter")
        await until(pilot, lambda: lab.find(finished[1].id).tags == ("warm",))
        await pilot.press("n", *"[b]why", "enter")
        await until(pilot, lambda: lab.find(finished[1].id).note == "[b]why")


async def test_a_deleted_run_is_brought_back(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: "quickstart/lr=0.05" not in names(app))
        await pilot.press("u")
        await until(pilot, lambda: "quickstart/lr=0.05" in names(app))


async def test_the_trash_lists_deleted_runs_and_restores_them(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: "quickstart/lr=0.05" not in names(app))
        await pilot.press("T")
        await until(pilot, lambda: names(app) == ["quickstart/lr=0.05"])
        await pilot.press("u")
        await until(pilot, lambda: names(app) == [])
        await pilot.press("T")
        await until(pilot, lambda: "quickstart/lr=0.05" in names(app))


async def test_more_than_eight_runs_are_marked_tagged_archived_and_deleted_at_once(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("m")
        assert f"{PUBLISHED} marked" in said(app, "caption")
        await pilot.press("t", *"all", "enter")
        await until(pilot, lambda: all(run.tags == ("all",) for run in lab.records()))
        await pilot.press("a")
        await until(pilot, lambda: names(app) == [] and "archived" in table(app).render_line(2).text)
        await pilot.press("A")
        await until(pilot, lambda: len(names(app)) == PUBLISHED)
        await pilot.press("a")
        await until(pilot, lambda: not any(run.archived for run in lab.records()))
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: lab.records() == [])
        await pilot.press("u")
        await until(pilot, lambda: len(lab.records()) == PUBLISHED)


async def test_configurations_are_shown_side_by_side(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("D")
        assert isinstance(app.screen, RunsScreen)
        await pilot.press("space", "space", "D")
        await until(pilot, lambda: isinstance(app.screen, RunPage) and "optimizer.lr" in said(app, "words"))
        row = next(line for line in said(app, "words").splitlines() if line.startswith("optimizer.lr"))
        assert row.split() == ["optimizer.lr", "0.05", "0.01"]
        await pilot.press("equals_sign")
        await until(pilot, lambda: "optimizer.momentum" in said(app, "words"))


async def test_a_run_is_repeated_and_forked_from_here(
    lab: Lab, fake_engine: Callable[[str], None], finished: list[RunRecord]
) -> None:
    fake_engine("hold")
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("R")
        await until(pilot, lambda: [run.name for run in lab.records()].count("quickstart/lr=0.05") == 2)
        await pilot.press("F", *"optimizer.lrr=1", "enter")
        await until(pilot, lambda: isinstance(app.screen, Ask) and "did you mean" in said(app, "fault"))
        await pilot.press("escape")


async def test_measurements_are_exported_from_here(lab: Lab, finished: list[RunRecord], tmp_path: Path) -> None:
    app = MoetuiApp(lab, start="runs")
    target = tmp_path / "out.jsonl"
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("X", *["backspace"] * 10)
        app.screen.query_one(Input).value = str(target)
        await pilot.press("enter")
        await until(pilot, target.exists)
        assert f'"run":"{finished[1].id}"' in target.read_text().replace(" ", "")


async def test_what_is_copied_is_in_the_clipboard_and_in_a_file(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("space", "space", "y", "enter")
        await until(pilot, lambda: app.clipboard == f"{finished[1].id} {finished[0].id}")
        copied = Path(os.environ["XDG_STATE_HOME"]) / "moetui" / "copied.txt"
        assert copied.read_text() == f"{app.clipboard}\n"
        await pilot.press("y", *"preset", "enter")
        await until(pilot, lambda: "optimizer.lr = 0.05" in app.clipboard)
        tomllib.loads(app.clipboard.partition("\n\n")[0])


async def test_what_is_copied_is_made_while_the_screen_goes_on(
    lab: Lab, finished: list[RunRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = threading.Event()

    def make(runs: Sequence[RunRecord], columns: Sequence[Column]) -> str:
        return "made while the screen went on" if drawn.wait(60) else "the screen stood still"

    monkeypatch.setattr(copies, "COPIES", {"ids": ("ids", make)})
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await listed(pilot, app)
        await pilot.press("y", "enter")
        drawn.set()
        await until(pilot, lambda: "copied ids of" in seen(app))
        assert app.clipboard == "made while the screen went on"


async def test_a_copy_that_no_file_can_hold_is_in_the_clipboard_and_said(
    lab: Lab, finished: list[RunRecord], user: Path
) -> None:
    (user / "copied.txt").mkdir()
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(120, 24), notifications=True) as pilot:
        await listed(pilot, app)
        await pilot.press("y", "enter")
        await until(pilot, lambda: "not kept in a file" in seen(app))
        assert app.clipboard == finished[1].id


async def test_why_a_run_cannot_go_on_or_be_forked_is_said(lab: Lab) -> None:
    end_run(lab, write_run(lab, "done"))
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("P")
        await until(pilot, lambda: any("has finished" in note.message for note in app._notifications))
        await pilot.press("F", "enter")
        await until(pilot, lambda: any("no whole checkpoint" in note.message for note in app._notifications))
        await pilot.press("B", "enter")
        await until(pilot, lambda: any("no checkpoint" in note.message for note in app._notifications))
        await pilot.press("s")
        await until(pilot, lambda: any("can be stopped" in note.message for note in app._notifications))
        assert len([run for run in lab.records() if not run.published]) == 1


async def test_branches_leave_the_chosen_runs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    trunk = end_run(lab, write_run(lab, "trunk"))
    asked: list[object] = []

    def branches(_: Lab, run: RunRecord, at: Sequence[float], length: float | None) -> list[RunRecord]:
        asked.append((run.id, at, length))
        return [trunk.model_copy(update={"name": f"{run.name}/cooldown={share:g}"}) for share in at]

    monkeypatch.setattr("moetui.tui.run.tasks.branches", branches)
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("B", "end", *" length=0.2", "enter")
        await until(pilot, lambda: any("cooldown=0.75 queued" in note.message for note in app._notifications))
    assert asked == [("trunk", [0.25, 0.5, 0.75], 0.2)]


async def test_marks_are_kept_while_the_trash_is_looked_at(lab: Lab, finished: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: "quickstart/lr=0.05" not in names(app))
        await pilot.press("home", "space", "space", "T")
        await until(pilot, lambda: names(app) == ["quickstart/lr=0.05"])
        assert "marked" not in said(app, "caption")
        await pilot.press("space")
        await until(pilot, lambda: "1 marked" in said(app, "caption"))
        await pilot.press("T")
        await until(pilot, lambda: "2 marked" in said(app, "caption"))


async def test_what_is_archived_over_a_slow_link_is_gone_at_once(
    lab: Lab, finished: list[RunRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "REMOTE_SECONDS", math.inf)
    app = MoetuiApp(lab, start="runs", remote=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        await pilot.press("a")
        await until(pilot, lambda: "quickstart/lr=0.05" not in names(app))


async def test_a_list_that_broke_off_is_made_again(
    lab: Lab, finished: list[RunRecord], monkeypatch: pytest.MonkeyPatch, user: Path
) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await listed(pilot, app)
        with monkeypatch.context() as broken:
            broken.setattr(RunIndex, "listing", lambda *_: 1 / 0)
            await pilot.press("slash", "q")
            await until(pilot, lambda: any(told.title == "A fault" for told in app._notifications))
        await pilot.press(*"uick")
        await until(pilot, lambda: len(names(app)) == len(finished))
    (user.parent / "moetui" / "tui.log").unlink()


async def test_whoever_presses_keys_is_here_even_if_a_browser_has_told_that_its_page_lost_the_focus(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await listed(pilot, app)
        app.post_message(AppBlur())
        await until(pilot, lambda: not app.app_focus)
        await pilot.press("y")
        await until(pilot, lambda: "ids, for the command line" in seen(app))
        await pilot.press("enter")
        await until(pilot, lambda: "copied ids" in seen(app))
