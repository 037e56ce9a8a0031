"""The interface where nothing but ASCII can be shown."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from moetui.tui.chart.charset import in_charset
from moetui.tui.chart.palette import PALETTE
from moetui.tui.widgets.run_columns import GLYPHS


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


def test_an_arrow_is_no_letter() -> None:
    assert not any(in_charset(arrow, "ascii").isalnum() for arrow in "↑↓→←▸▾")
