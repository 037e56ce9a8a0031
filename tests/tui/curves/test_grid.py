from pathlib import Path

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.geometry import Size

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.columns import KEYS
from moetui.core.runs.curves import Curves
from moetui.tui.chart.widget import Chart
from moetui.tui.curves.board import KeptBoard, Look
from moetui.tui.curves.charts import CHARTS
from moetui.tui.curves.grid import CurveGrid
from moetui.tui.curves.page import comfortable, shape

RUN = RunRecord(id="a", name="study/a", status="running", updates=100)


class GridApp(App[None]):
    def __init__(self, board_file: Path | None = None) -> None:
        super().__init__()
        self._board_file = board_file

    def compose(self) -> ComposeResult:
        yield CurveGrid(kept=KeptBoard(self._board_file))

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
        ((60, 30), (1, 3)),
        ((60, 10), (1, 1)),
        ((0, 0), (1, 1)),
    ],
)
def test_as_many_charts_as_have_room(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert shape(Size(*size), 4) == expected


@pytest.mark.parametrize(
    ("size", "expected"), [((80, 18), 2), ((80, 22), 2), ((120, 28), 4), ((60, 15), 1), ((74, 28), 2), ((200, 44), 6)]
)
def test_by_itself_a_page_has_as_many_charts_as_are_not_small(size: tuple[int, int], expected: int) -> None:
    assert comfortable(Size(*size)) == expected


async def test_a_large_grid_shows_all_four_charts() -> None:
    app = GridApp()
    async with app.run_test(size=(120, 30)) as pilot:
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
    async with app.run_test(size=(120, 30)) as pilot:
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


ALL_METRICS = Curves({key: (np.arange(1.0, 11), np.full(10, 0.5)) for key in KEYS})


async def test_there_are_as_many_charts_as_one_wants_up_to_nine() -> None:
    app = GridApp()
    async with app.run_test(size=(200, 60)) as pilot:
        app.grid.show([RUN], {"a": ALL_METRICS}, slots={"a": 0})
        counts = []
        for step in (0, 1, 1, 1, 1, 1, 1, -1, -9):
            app.grid.more(step)
            await pilot.pause()
            counts.append(len(app.titles()))
        assert counts == [6, 7, 8, 9, 9, 9, 9, 8, 1]


async def test_pages_hold_all_charts_and_the_current_one_tells_the_page() -> None:
    app = GridApp()
    async with app.run_test(size=(120, 30)) as pilot:
        app.grid.show([RUN], {"a": ALL_METRICS}, slots={"a": 0})
        seen: list[str] = []
        for page in range(1, 5):
            await pilot.pause()
            seen += [title.capitalize() for title in app.titles()]
            current = next(chart for chart in app.query(Chart) if chart.has_class("-current"))
            assert current.spec.note.endswith(f"{page}/4")
            app.grid.turn(1)
        assert len(seen) == len(set(seen)) == 13
        await pilot.pause()
        assert app.titles()[0] == "LOSS"
        app.grid.turn(-1)
        await pilot.pause()
        assert [title.capitalize() for title in app.titles()] == seen[12:]


async def test_charts_that_were_left_out_are_gone_until_they_are_chosen_again() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 20)) as pilot:
        app.show(10)
        app.grid.choose(frozenset({"loss", "accuracy"}))
        await pilot.pause()
        assert app.titles() == ["LEARNING RATE", "Tokens/s"]
        app.grid.choose(frozenset(kind.key for kind in CHARTS))
        await pilot.pause()
        assert app.titles() == ["LOSS"]


async def test_zoom_and_cursor_are_those_of_all_charts() -> None:
    app = GridApp()
    async with app.run_test(size=(80, 20)) as pilot:
        app.show(40)
        app.grid.inspect(-1)
        app.grid.zoom(0.5)
        await pilot.pause()
        specs = [chart.spec for chart in app.query(Chart) if chart.display]
        assert {(spec.cursor, spec.x_range) for spec in specs} == {(40.0, (20.0, 70.0))}
        assert all("@ 40" in spec.note for spec in specs)
        app.grid.pan(1)
        assert app.query(Chart).first().spec.x_range == (32.5, 82.5)
        app.grid.next_axis()
        assert app.query(Chart).first().spec.cursor is None
        app.grid.inspect(1)
        app.grid.reset()
        spec = app.query(Chart).first().spec
        assert (spec.cursor, spec.x_label) == (None, "tokens")


async def test_looks_belong_to_one_chart_and_outlast_the_program(tmp_path: Path) -> None:
    path = tmp_path / "charts.json"
    for turn in range(2):
        app = GridApp(path)
        async with app.run_test(size=(80, 20)) as pilot:
            app.show(10)
            if turn == 0:
                app.grid.toggle_log()
                app.grid.smooth(1)
                app.grid.smooth(1)
                app.grid.more(1)
            await pilot.pause()
            loss, rate, *_ = (chart.spec for chart in app.query(Chart))
            assert (loss.y_log, loss.note.startswith("log · smooth 0.9")) == (True, True)
            assert (rate.y_log, "smooth" in rate.note) == (False, False)
            assert len(app.titles()) == 3


async def test_what_is_chosen_in_one_grid_reaches_the_others_and_undoes_nothing_there(tmp_path: Path) -> None:
    path = tmp_path / "charts.json"
    first, second = GridApp(path), GridApp(path)
    async with first.run_test(size=(80, 20)), second.run_test(size=(80, 20)):
        first.show(10)
        second.show(10)
        second.grid.inspect(-1)
        first.grid.next_axis()
        first.grid.smooth(1)
        second.grid.toggle_events()
        board = KeptBoard(path).read()
        assert (board.axis, board.events, board.look("loss").weight) == ("tokens", False, 0.6)
        second.grid.toggle_log()
        first.show(11)
        assert first.grid.board == second.grid.board == KeptBoard(path).read()
        assert first.grid.board.look("loss") == Look(log=True, weight=0.6)
        for app in (first, second):
            spec = app.query(Chart).first().spec
            assert (spec.x_label, spec.y_log, spec.cursor) == ("tokens", True, None)
