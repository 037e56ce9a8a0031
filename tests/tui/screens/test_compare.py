"""The Compare screen on a real laboratory."""

from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Wait
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.core.studies.gather import gather
from moetui.core.studies.judge import Terms, responses
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.compare.proposal_dialog import ProposalDialog
from moetui.tui.compare.screen import CompareScreen
from moetui.tui.compare.subject_list import SubjectList
from moetui.tui.dialogs.ask import Ask
from moetui.tui.live.screen import LiveScreen
from moetui.tui.run.page import RunPage
from moetui.tui.runs.screen import RunsScreen
from moetui.tui.widgets.run_table import RunTable
from tests.conftest import eventually
from tests.core.cluster.fake_slurm import FakeSlurm
from tests.tui.compare.labs import grid, trained
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.screens.runs_seen import listed
from tests.tui.seen import until

SIZES = [(60, 15), (80, 24), (120, 40), (200, 60)]


def said(app: MoetuiApp, name: str = "words") -> str:
    return str(app.screen.query_one(f"#{name}", Static).render())


def subject(app: MoetuiApp) -> str:
    current = app.screen.query_one(SubjectList).current
    return current.key if current else ""


async def judged(pilot: Pilot[None], app: MoetuiApp, word: str = "Best tried") -> None:
    await until(pilot, lambda: isinstance(app.screen, CompareScreen) and word in said(app))


@pytest.mark.parametrize("size", SIZES)
async def test_the_response_of_a_study_is_drawn_and_told(lab: Lab, size: tuple[int, int]) -> None:
    grid(lab)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=size) as pilot:
        await judged(pilot, app)
        (found,) = responses(gather(lab, lab.snapshot().runs), Terms()).responses
        assert found.optimum is not None
        chart = app.screen.query_one(Chart)
        assert chart.display
        assert chart.spec.rules[0].x == found.optimum.lr
        await until(pilot, lambda: chart.size.height >= 5)
        assert "The best learning rate lies between 0.03 and" in " ".join(said(app).split())
        assert "validation loss" in said(app, "caption")


async def test_an_empty_workspace_says_what_to_do(lab: Lab) -> None:
    lab.catalogue.replace_all([])
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(80, 24)) as pilot:
        await judged(pilot, app, "Nothing to compare yet")
        assert not app.screen.query_one(Chart).display


async def test_views_scores_costs_and_terms_change_by_keys(lab: Lab) -> None:
    grid(lab)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await judged(pilot, app)
        await pilot.press("v")
        await until(pilot, lambda: "holds for all pairs together" in " ".join(said(app).split()))
        assert "worse" in said(app)
        await pilot.press("a", "a")
        await until(pilot, lambda: "Of 6 pairs" in said(app))
        await pilot.press("a", "d", "d")
        await until(pilot, lambda: "seeds as noise" in said(app, "caption"))
        await pilot.press("s", "b")
        await until(pilot, lambda: "best validation accuracy" in said(app, "caption"))
        await pilot.press("p")
        await until(pilot, lambda: "front: no other setting" in said(app))
        await pilot.press("c")
        await until(pilot, lambda: "tokens" in app.screen.query_one(Chart).spec.title)
        await pilot.press("right")
        await until(pilot, lambda: "Best tried" in said(app))
        await pilot.press("left", "left")
        await until(pilot, lambda: "holds for all pairs together" in " ".join(said(app).split()))


async def test_the_tolerance_moves_the_safe_zone(lab: Lab) -> None:
    grid(lab)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(80, 24)) as pilot:
        await judged(pilot, app, "Safe zone (each within 1 %")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press("backspace", *"50", "enter")
        await judged(pilot, app, "Safe zone (each within 50 %")
        assert "0.01 to 0.1" in said(app)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"x", "enter")
        await judged(pilot, app, "Safe zone (each within 50 %")


async def test_zooms_give_the_chart_or_the_words_all_the_room(lab: Lab) -> None:
    grid(lab)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(80, 24)) as pilot:
        await judged(pilot, app)
        chart, words = app.screen.query_one(Chart), app.screen.query_one("#scroll")
        whole = chart.spec.y_range
        await pilot.press("m")
        await until(pilot, lambda: chart.size.width > 70 and not words.display)
        await pilot.press("m")
        await until(pilot, lambda: words.display and not chart.display)
        await pilot.press("m", "y")
        await until(pilot, lambda: words.display and chart.display and chart.spec.y_range != whole)


async def test_any_words_can_be_compared(lab: Lab) -> None:
    grid(lab)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await judged(pilot, app)
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"nothing", "enter")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        assert subject(app) == "study:grid"
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        await pilot.press(*"grid/lr=0.05 grid/lr=0.1", "enter")
        await until(
            pilot, lambda: subject(app) == "typed:grid/lr=0.05 grid/lr=0.1" and "6 of 6" in said(app, "caption")
        )


async def test_marked_runs_are_brought_along_from_the_list_of_runs(lab: Lab) -> None:
    grid(lab)
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: len(app.picture.snapshot.runs) >= 12)
        await pilot.press("x")
        assert not isinstance(app.screen, CompareScreen)
        await pilot.press("space", "space", "x")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen) and subject(app) == "marked")
        await until(pilot, lambda: "2 of 2" in said(app, "caption"))


async def test_a_run_that_ends_is_judged_at_once_and_one_that_goes_on_is_not(lab: Lab) -> None:
    grid(lab, seeds=1)
    late = write_run(lab, "late", study="grid", name="grid/lr=0.2", settings={"optimizer": {"lr": 0.2}})
    write_file(lab.run_dir(late).queue_file, Wait(held=True))  # nothing shall start it
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await judged(pilot, app)
        answer = app.screen._answer  # type: ignore[attr-defined]
        assert "Caution" not in said(app)  # what waits says nothing yet
        lab.catalogue.change(late.id, note="looked at")
        await until(pilot, lambda: any(run.note == "looked at" for run in app.picture.snapshot.runs))
        await pilot.pause()
        assert app.screen._answer is answer  # type: ignore[attr-defined]
        end_run(lab, late)
        await until(pilot, lambda: "5 of 5" in said(app, "caption"))


async def test_unequal_things_are_listed(lab: Lab) -> None:
    grid(lab, seeds=1)
    longer = write_run(
        lab, "longer", study="grid", name="grid/lr=0.05/longer", updates=200, settings={"optimizer": {"lr": 0.05}}
    )
    end_run(lab, longer)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await judged(pilot, app, "Best tried")
        await pilot.press("v")
        await until(pilot, lambda: "Caution: updates differ: " in said(app))
        assert "caution" in said(app, "views")


async def test_curves_of_the_best_settings_open(lab: Lab) -> None:
    grid(lab)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await judged(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage))
        assert isinstance(app.screen, RunPage)
        assert len(app.screen.chosen) == 8
        assert {run.name.split("/")[1] for run in app.screen.chosen[:3]} == {"lr=0.05"}


async def test_each_setting_of_everything_else_takes_its_turn(lab: Lab) -> None:
    grid(lab)
    for lr in (0.02, 0.2):
        record = write_run(
            lab,
            f"w{lr}",
            study="grid",
            name=f"grid/lr={lr}/w",
            settings={"optimizer": {"lr": lr}, "schedule": {"warmup": 0.3}},
        )
        end_run(lab, record)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await judged(pilot, app, "Setting 1 of 2")
        first = app.screen.query_one(Chart).spec.rules
        await pilot.press("right_square_bracket")
        await judged(pilot, app, "Setting 2 of 2")
        assert app.screen.query_one(Chart).spec.rules != first
        await pilot.press("left_square_bracket")
        await judged(pilot, app, "Setting 1 of 2")


async def test_refine_shows_the_proposal_and_queues_it_after_a_yes(lab: Lab, quickstart: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(80, 24)) as pilot:
        await judged(pilot, app)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, ProposalDialog))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        assert len([run for run in lab.records() if not run.published]) == len(quickstart)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, ProposalDialog))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))
        new = [run for run in lab.records() if not run.published and run.id not in {old.id for old in quickstart}]
        assert new
        assert {run.study for run in new} == {"quickstart"}
        assert set(app.watch_ids) >= {run.id for run in new}
    eventually(lambda: not lab.snapshot().pending and not lab.dispatching())


async def test_refined_runs_go_where_the_study_was_executed(
    lab: Lab, quickstart: list[RunRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", slurm.path)
    for run in map(lab.run_dir, quickstart):
        write_file(run.config_file, run.config().model_copy(update={"backend": "slurm"}))
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(80, 24)) as pilot:
        await judged(pilot, app)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, ProposalDialog))
        assert "On slurm." in str(app.screen.query_one(Static).render())
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))
    assert len(slurm.asked("sbatch")) == 1
    assert not lab.dispatching()


async def test_refine_says_why_there_is_nothing_to_propose(lab: Lab) -> None:
    trained(lab, 0.05, 1, 4.5)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await judged(pilot, app, "the only setting that finished")
        await pilot.press("f")
        await until(pilot, lambda: any("two learning rates" in note.message for note in app._notifications))


async def test_the_cursor_goes_through_the_subjects_and_the_words_scroll(lab: Lab) -> None:
    grid(lab)
    for lr in (0.02, 0.2):
        trained(lab, lr, 1, 5.0 + lr, study="other")
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(80, 24)) as pilot:
        await judged(pilot, app)
        assert subject(app) == "study:other"
        await pilot.press("down", "down")
        await until(pilot, lambda: subject(app) == "study:grid" and "12 of 12" in said(app, "caption"))
        scroll = app.screen.query_one("#scroll")
        await pilot.press("pagedown")
        await until(pilot, lambda: scroll.scroll_y > 0)
        await pilot.press("pageup")
        await until(pilot, lambda: scroll.scroll_y == 0)
        await pilot.press("up", "v", "r")
        await until(pilot, lambda: subject(app) == "study:other" and "2 of 2" in said(app, "caption"))


async def test_every_marked_run_is_compared_and_what_is_drawn_of_them_is_told(lab: Lab) -> None:
    lab.catalogue.replace_all([])
    best = [trained(lab, lr, seed, 4.5 + lr) for lr in (0.1, 0.05, 0.03, 0.01) for seed in (1, 2, 3)][-1]
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await listed(pilot, app)
        await pilot.press("m", "x")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen) and "12 marked runs" in said(app, "caption"))
        current = app.screen.query_one(SubjectList).current
        assert current is not None
        assert best.id in {record.id for record in current.records}
        await pilot.press("v")
        await until(
            pilot, lambda: f"Lowest validation loss: {best.name.rpartition('/')[0]}" in " ".join(said(app).split())
        )
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage))
        assert "8 of 12 runs" in said(app, "summary")


async def test_a_place_is_shown_itself_and_not_what_was_opened_there(lab: Lab) -> None:
    grid(lab)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CompareScreen) and app.screen._answer is not None)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage))
        await pilot.press("3")
        await until(
            pilot, lambda: isinstance(app.screen, RunsScreen) and len(app.screen.query_one(RunTable).listing.runs) > 1
        )
        await pilot.press("space", "space", "x")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen) and subject(app) == "marked")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunPage))
        await pilot.press("4")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))


async def test_a_response_that_there_is_not_is_told_and_one_that_there_is_is_shown(lab: Lab) -> None:
    lab.catalogue.replace_all([])
    trained(lab, 0.07, 1, 4.5, study="single")
    for rate in (0.03, 0.05):
        trained(lab, rate, 1, 4.5, study="several")
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        seen = {}
        for step, ended in enumerate(("1 of 1", "2 of 2")):
            await pilot.press(*["down"] * step)
            await until(pilot, partial(judged_of, app, ended))
            await pilot.press("v", "r")
            seen[subject(app)] = await noticed(pilot, app)
            app.clear_notifications()
            assert app.screen.query_one(Chart).display is (step == 1)
        assert seen == {"study:single": True, "study:several": False}


def judged_of(app: MoetuiApp, ended: str) -> bool:
    """Whether a subject of so many ended runs is judged."""
    return isinstance(app.screen, CompareScreen) and ended in said(app, "caption")


async def noticed(pilot: Pilot[None], app: MoetuiApp) -> bool:
    """Whether the last key led to the word that there is no response; a later notice tells that there is nothing to come."""
    app.notify("last")
    await until(pilot, lambda: any(note.message == "last" for note in app._notifications))
    return any("no learning rates" in note.message for note in app._notifications)
