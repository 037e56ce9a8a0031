"""The ladder view of the Compare screen: how the best learning rate moves with the size."""

from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from tests.tui.compare.labs import grid
from tests.tui.compare.ladders import add_ladder
from tests.tui.screens.test_compare import judged, said
from tests.tui.seen import until


async def test_the_ladder_of_a_study_is_drawn_and_told(lab: Lab) -> None:
    add_ladder(lab)
    add_ladder(lab, 0.0, muon_scale="spectral")
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(120, 40)) as pilot:
        await judged(pilot, app, "")
        await until(pilot, lambda: "l Ladder" in said(app, "views"))
        await pilot.press("l")
        await until(pilot, lambda: "Ladder 1 of 2" in said(app))
        chart = app.screen.query_one(Chart)
        assert chart.spec.title == "Best learning rate"
        first = said(app)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "Ladder 2 of 2" in said(app))
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: said(app) == first)
        await pilot.press("right")
        await until(pilot, lambda: "Setting 1 of" in said(app))


async def test_runs_at_one_size_have_no_ladder(lab: Lab) -> None:
    grid(lab)
    app = MoetuiApp(lab, start="compare")
    async with app.run_test(size=(80, 24)) as pilot:
        await judged(pilot, app)
        assert "l Ladder" not in said(app, "views")
        await pilot.press("l")
        await until(pilot, lambda: "holds for all pairs together" in " ".join(said(app).split()))
