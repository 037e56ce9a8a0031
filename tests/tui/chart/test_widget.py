"""The chart in a running application: what it asks the terminal to draw again."""

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import ChartSpec, Series
from moetui.tui.chart.widget import Chart


class OneChart(App[None]):
    def __init__(self, spec: ChartSpec) -> None:
        super().__init__()
        self.spec = spec

    def compose(self) -> ComposeResult:
        chart = Chart(self.spec, id="chart")
        chart.can_focus = True
        yield chart


def spec_at(update: int, title: str = "loss") -> ChartSpec:
    x = np.arange(update)
    return ChartSpec(title, (Series("run", x, 8 - x / 500, slot(1)),), "updates", (0, 1000), (5, 9))


def shown(app: App[None]) -> list[str]:
    chart = app.query_one(Chart)
    return [chart.render_line(y).text for y in range(chart.size.height)]


def spied(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The chart's lines that are asked to be drawn again from now on."""
    lines: set[int] = set()

    def spy(self: Chart, *regions: Region, **options: bool) -> Chart:
        for region in regions or [self.size.region]:
            lines.update(region.line_range)
        return refresh(self, *regions, **options)

    refresh = Chart.refresh
    monkeypatch.setattr(Chart, "refresh", spy)
    return lines


async def settled(pilot: Pilot[None]) -> Chart:
    await pilot.pause()
    return pilot.app.query_one(Chart)


async def test_a_new_spec_refreshes_the_lines_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    app = OneChart(spec_at(500))
    async with app.run_test(size=(60, 15)) as pilot:
        chart = await settled(pilot)
        before = shown(app)
        refreshed = spied(chart, monkeypatch)
        chart.show(spec_at(520))
        changed = {y for y, (one, two) in enumerate(zip(before, shown(app), strict=True)) if one != two}
        assert changed
        assert changed == refreshed


async def test_the_same_spec_again_refreshes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = OneChart(spec_at(500))
    async with app.run_test(size=(60, 15)) as pilot:
        chart = await settled(pilot)
        refreshed = spied(chart, monkeypatch)
        chart.show(spec_at(500))
        assert refreshed == set()


async def test_after_many_updates_the_screen_shows_the_last_spec() -> None:
    app = OneChart(spec_at(1))
    async with app.run_test(size=(60, 15)) as pilot:
        chart = await settled(pilot)
        for update in range(50, 1001, 50):
            chart.show(spec_at(update))
        fresh = OneChart(spec_at(1000))
        after = shown(app)
    async with fresh.run_test(size=(60, 15)) as pilot:
        await settled(pilot)
        assert shown(fresh) == after


async def test_resizing_draws_the_chart_for_the_new_size() -> None:
    app = OneChart(spec_at(500))
    async with app.run_test(size=(60, 15)) as pilot:
        await settled(pilot)
        for width, height in ((90, 24), (20, 4), (5, 2), (60, 15)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            lines = shown(app)
            assert (len(lines), {len(line) for line in lines}) == (height, {width})
        assert "┤" in "".join(shown(app))


async def test_a_theme_of_the_other_brightness_changes_the_ground() -> None:
    app = OneChart(spec_at(500))
    async with app.run_test(size=(60, 15)) as pilot:
        chart = await settled(pilot)
        grounds = []
        for theme in ("textual-dark", "textual-light"):
            app.theme = theme
            await pilot.pause()
            styles = [segment.style for segment in chart.render_line(5) if segment.style]
            grounds.append({style.bgcolor for style in styles})
        assert len(grounds[0]) == len(grounds[1]) == 1
        assert grounds[0] != grounds[1]


async def test_focus_is_seen_in_the_title() -> None:
    app = OneChart(spec_at(500))
    async with app.run_test(size=(60, 15)) as pilot:
        chart = await settled(pilot)
        app.set_focus(None)
        await pilot.pause()
        blurred = next(iter(chart.render_line(0))).style
        chart.focus()
        await pilot.pause()
        assert next(iter(chart.render_line(0))).style != blurred


async def test_a_chart_can_be_shown_before_it_has_a_size() -> None:
    chart = Chart()
    chart.show(spec_at(10))
    assert chart.spec.title == "loss"
