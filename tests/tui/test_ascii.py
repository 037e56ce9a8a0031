"""The interface where nothing but ASCII can be shown."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from moetui.core.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.charset import in_charset
from moetui.tui.chart.palette import PALETTE
from moetui.tui.widgets.run_columns import GLYPHS
from tests.tui.lab_on_disk import end_run, write_run


def test_markers_and_states_are_still_told_apart() -> None:
    assert [in_charset(slot.marker, "ascii") for slot in PALETTE] == [slot.ascii_marker for slot in PALETTE]
    assert (
        len({in_charset(GLYPHS[status], "ascii") for status in ("queued", "running", "finished", "stopped", "failed")})
        == 5
    )


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Mn", "Me", "Cf", "Zl", "Zp"])))
def test_any_text_becomes_ascii_of_the_same_width(text: str) -> None:
    assert in_charset(text, "ascii").isascii()
    assert len(in_charset(text, "ascii")) == sum(map(cell_len, text))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_screen_is_ascii_to_the_last_cell(lab: Lab, size: tuple[int, int]) -> None:
    for index in range(3):
        record = write_run(lab, f"run{index}", name=f"größe/{index} 日本", study="s", created=time.time() + index)
        end_run(lab, record)
    app = MoetuiApp(lab, start="launch", charset="ascii")
    async with app.run_test(size=size, notifications=True) as pilot:
        for keys in (["2"], ["3"], ["space", "space", "o"], ["question_mark"], ["escape", "escape", "t"]):
            await pilot.press(*keys)
            await pilot.pause(0.3)
            text = seen(app)
            assert text.isascii(), [char for char in text if not char.isascii()]
            assert text.strip()


def seen(app: MoetuiApp) -> str:
    return "\n".join("".join(part.text for part in strip) for strip in app.screen._compositor.render_strips())
