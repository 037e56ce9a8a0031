"""The plan of a study on the Compare screen: how a budget is best divided."""

from functools import partial

from textual.widgets import Input, Static

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.core.studies.split_question import answer, question
from moetui.tui.app import MoetuiApp
from moetui.tui.compare.proposal_dialog import ProposalDialog
from moetui.tui.compare.screen import CompareScreen
from moetui.tui.dialogs.ask import Ask
from moetui.tui.live.screen import LiveScreen
from tests.conftest import eventually
from tests.tui.screens.test_compare import judged
from tests.tui.seen import until


def told(app: MoetuiApp, words: str) -> bool:
    return any(words in notice.message for notice in app._notifications)


async def test_a_budget_is_divided_as_the_command_does_and_the_runs_are_queued_after_a_yes(
    lab: Lab, quickstart: list[RunRecord]
) -> None:
    expected = answer(lab, question("quickstart", {}, precision=2.0))
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await judged(pilot, app)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        app.screen.query_one(Input).value = "precision=2"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ProposalDialog))
        words = str(app.screen.query_one(Static).render())
        assert f"×/÷ {expected.chosen.outlook.factor:.2f} (95 %" in " ".join(words.split())
        assert "rates  seeds" in words
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))
    planned = {run.group for run in expected.runs}
    assert planned <= {run.group for run in lab.records() if not run.published}
    eventually(lambda: not lab.snapshot().pending and not lab.dispatching())


async def test_what_cannot_be_planned_is_told_in_a_line(lab: Lab, quickstart: list[RunRecord]) -> None:
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await judged(pilot, app)
        for line, fault in (
            ("budget", "write precision="),
            ("precision=9", "from 0.001 to 2"),
            ("to=width=64", "--ladder"),
        ):
            await pilot.press("g")
            await until(pilot, lambda: isinstance(app.screen, Ask))
            app.screen.query_one(Input).value = line
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, CompareScreen))
            await until(pilot, partial(told, app, fault))
