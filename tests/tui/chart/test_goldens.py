"""Charts of every kind, characters and looks, held against the files in goldens/ (`make goldens` writes them anew)."""

import difflib
from pathlib import Path
from string import ascii_letters

import pytest

from moetui.core.terminal import Charset
from moetui.tui.chart.draw import draw
from moetui.tui.chart.drawing import PLAIN, Drawing, Ink
from tests.tui.chart.drawn import CHARTS, SIZES

FOLDER = Path(__file__).parent / "goldens"
CHARSETS: tuple[Charset, ...] = ("braille", "block", "ascii")


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_looks_as_it_did(name: str, request: pytest.FixtureRequest) -> None:
    seen = "".join(
        f"==== {charset} {width}×{height}\n{told(draw(CHARTS[name], width, height, charset))}"
        for width, height in SIZES
        for charset in CHARSETS
    )
    golden = FOLDER / f"{name}.txt"
    if request.config.getoption("--update-goldens"):
        FOLDER.mkdir(exist_ok=True)
        golden.write_text(seen, encoding="utf-8")
    expected = golden.read_text(encoding="utf-8")
    assert seen == expected, "\n".join(
        difflib.unified_diff(expected.splitlines(), seen.splitlines(), name, "now", lineterm="")
    )


def told(drawing: Drawing) -> str:
    """The characters, the look of each cell by a letter, the looks, and where the curves lie."""
    inks: dict[Ink, str] = {PLAIN: "."}
    looks = []
    for row in drawing.rows:
        for span in row:
            inks.setdefault(span.ink, ascii_letters[len(inks) - 1])
        looks.append("".join(inks[span.ink] * len(span.text) for span in row))
    named = "".join(
        f"{letter} {ink.color or '-'}{' bold' * ink.bold}{' dim' * ink.dim}\n" for ink, letter in inks.items()
    )
    return f"{drawing.plain()}\n" + "\n".join(looks) + f"\n{named}{drawing.plane}\n"
