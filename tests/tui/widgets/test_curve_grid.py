import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.geometry import Size

from moetui.core.records import RunRecord
from moetui.tui.chart.widget import Chart
from moetui.tui.feed import Curves
from moetui.tui.widgets.curve_grid import CurveGrid, shape

RUN = RunRecord(id="a", name="study/a", status="running", updates=100)


class GridApp(App[None]):
    def compose(self) -> ComposeResult:
        yield CurveGrid()

    @property
    def grid(self) -> CurveGrid:
        return self.query_one(CurveGrid)

    def titles(self) -> list[str]:
        """Titles of the charts one sees, the current one in capitals."""
        charts = [chart for chart in self.query(Chart) if chart.display]
        return [chart.spec.title.upper() if chart.has_class("-current") else chart.spec.title for chart in charts]

    def show(self, upto: int) -> None:
        at = np.arange(1.0, upto + 1)
        self.grid.show([RUN], {"a": Curves({"train_loss": (at, 8 - at / 100)})}, slots={"a": 0})


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((80, 18), (2, 2)),
        ((120, 34), (2, 2)),
        ((80, 12), (2, 1)),
        ((60, 30), (1, 2)),
        ((60, 10), (1, 1)),
        ((0, 0), (1, 1)),
    ],
)
def test_as_many_charts_as_have_room(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert shape(Size(*size)) == expected


async def test_a_large_grid_shows_all_four_charts() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 20)) as pilot:
        app.show(10)
        await pilot.pause()
        assert app.titles() == ["LOSS", "Learning rate", "Accuracy", "Tokens/s"]
        assert len({chart.size for chart in app.query(Chart)}) <= 2


async def test_where_not_all_have_room_the_current_chart_is_among_those_shown() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.show(10)
        await pilot.pause()
        seen = []
        for _ in range(5):
            seen.append(app.titles())
            app.grid.move(1)
            await pilot.pause()
        assert seen == [
            ["LOSS", "Learning rate"],
            ["Loss", "LEARNING RATE"],
            ["ACCURACY", "Tokens/s"],
            ["Accuracy", "TOKENS/S"],
            ["LOSS", "Learning rate"],
        ]


async def test_a_maximised_chart_has_all_the_space_until_the_others_come_back() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 20)) as pilot:
        app.show(10)
        app.grid.move(-1)
        app.grid.toggle_maximised()
        await pilot.pause()
        assert app.titles() == ["TOKENS/S"]
        (chart,) = (chart for chart in app.query(Chart) if chart.display)
        assert chart.size == app.grid.size
        app.grid.toggle_maximised()
        await pilot.pause()
        assert len(app.titles()) == 4


async def test_a_chart_that_was_hidden_shows_the_newest_data_when_it_comes_back() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 20)) as pilot:
        app.grid.move(1)
        app.grid.toggle_maximised()
        await pilot.pause()
        app.show(50)
        app.grid.toggle_maximised()
        await pilot.pause()
        loss = next(chart for chart in app.query(Chart) if chart.spec.title == "Loss")
        assert len(loss.spec.series[0].x) == 50


async def test_new_measurements_cause_no_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    app = GridApp()
    async with app.run_test(size=(80, 20)) as pilot:
        app.show(10)
        await pilot.pause()
        layouts: list[object] = []
        monkeypatch.setattr(app.screen, "_refresh_layout", lambda *args, **more: layouts.append(args))
        for upto in range(11, 40):
            app.show(upto)
        await pilot.pause()
        assert layouts == []
