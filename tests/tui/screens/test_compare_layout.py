"""What the Compare screen shows again in the next session."""

from moetui.core.runs.lab import Lab
from moetui.core.user_state import workspace_state_file
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.compare.memory import FILE
from tests.tui.compare.labs import grid
from tests.tui.screens.test_compare import judged, said
from tests.tui.seen import until


async def test_the_layout_is_there_again_in_the_next_session_and_the_terms_are_not(lab: Lab) -> None:
    grid(lab)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await judged(pilot, app)
        await pilot.press("p", "c", "s")
        await until(pilot, lambda: "tokens" in app.screen.query_one(Chart).spec.title)
        await until(pilot, lambda: "accuracy" in said(app, "caption"))
    again = MoetuiApp(lab, start="compare")
    async with again.run_test(size=(120, 40)) as pilot:
        await judged(pilot, again, "front: no other setting")
        assert "tokens" in again.screen.query_one(Chart).spec.title
        assert "validation loss" in said(again, "caption")


async def test_a_layout_that_makes_no_sense_is_the_usual_one(lab: Lab) -> None:
    grid(lab)
    kept = workspace_state_file(lab.workspace.root, FILE)
    kept.parent.mkdir(parents=True)
    kept.write_text('{"view": "cube", "cost": 99}')
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await judged(pilot, app)
