"""A partial update sends the changed cells and leaves all others as they are."""

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from moetui.tui.compositor import CellsUpdate


def update(texts: list[str], spans: list[tuple[int, int, int]]) -> str:
    """What is sent for spans of one line that is made of these widgets' texts."""
    ends: list[int] = []
    chops: dict[int, Strip | None] = {}
    x = 0
    for text in texts:
        chops[x] = Strip([Segment(letter) for letter in text])
        x += len(text)
        ends.append(x)
    return CellsUpdate([chops], spans, [ends]).render_segments(Console())


def test_only_the_span_is_sent() -> None:
    assert update(["abcdefgh"], [(0, 3, 5)]) == "\x1b[1;4Hde"
    assert update(["abcd", "efgh"], [(0, 3, 5)]) == "\x1b[1;4Hd\x1b[1;5He"


@given(st.lists(st.text("abcdef", min_size=1, max_size=9), min_size=1, max_size=5), st.data())
def test_the_cells_of_a_span_arrive_at_their_places(texts: list[str], data: st.DataObject) -> None:
    line = "".join(texts)
    left = data.draw(st.integers(0, len(line) - 1))
    right = data.draw(st.integers(left + 1, len(line)))
    shown = ["."] * len(line)
    for piece in update(texts, [(0, left, right)]).split("\x1b[1;")[1:]:
        column, _, sent = piece.partition("H")
        shown[int(column) - 1 : int(column) - 1 + len(sent)] = sent
    assert "".join(shown) == "." * left + line[left:right] + "." * (len(line) - right)
