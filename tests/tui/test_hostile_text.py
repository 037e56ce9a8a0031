"""Whatever names, notes, findings, titles and logs hold, no screen passes an order on to the terminal."""

import io

import pytest
from rich.console import Console

from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.inline import Dashboard, Painter, print_once
from tests.hostile import OWN_ORDERS, evil, harm_in, hostile_lab
from tests.tui.seen import seen, shows
from tests.tui.test_goldens import tour


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), pytest.param((200, 60), marks=pytest.mark.long)])
async def test_no_screen_passes_an_order_on(lab: Lab, size: tuple[int, int]) -> None:
    hostile_lab(lab)
    screens = {name: text async for name, text in tour(lab, size)}
    assert {name: harm for name, text in screens.items() if (harm := harm_in(text))} == {}
    assert sum("52;c;ZXZpbA==" in text for text in screens.values()) > 8  # the walk has met them


async def test_no_notification_passes_an_order_on(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.notify(evil("news"), title=evil("title"), markup=False)
        await shows(pilot, "52;c")
        strips = app.screen._compositor.render_strips()
        assert harm_in(seen(app).replace("\n", "")) == []
        assert {sum(segment.cell_length for segment in strip) for strip in strips} == {80}


def test_the_block_of_watch_passes_no_order_on(lab: Lab) -> None:
    runs = hostile_lab(lab)
    dashboard = Dashboard(lab, [run.id for run in runs], "braille")
    printed, painted = io.StringIO(), io.StringIO()
    print_once(dashboard, printed)
    Painter(painted, Console(file=painted, force_terminal=True)).draw(dashboard.lines(80, 24), 80)
    assert "/lr=0.02" in printed.getvalue()
    assert harm_in(printed.getvalue()) == []
    assert harm_in(OWN_ORDERS.sub("", painted.getvalue().removeprefix("\x1b[J"))) == []
