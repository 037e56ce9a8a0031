"""Text that takes exactly one cell per character, in either character set."""

import unicodedata
from functools import lru_cache

from rich.cells import cell_len

from moetui.tui.chart.drawing import Cell
from moetui.tui.chart.palette import PALETTE
from moetui.tui.chart.spec import Charset

DIVERGED: dict[Charset, str] = {"braille": "×", "ascii": "X"}
SUNK: dict[Charset, str] = {"braille": "↓", "ascii": "!"}

_SIGNS = {
    "─": "-", "━": "=", "│": "|", "…": "~", "·": ".", "–": "-", "—": "-", "›": ">", "×": "x", "✗": "!", "✓": "+", "◇": "%",
    "▸": ">", "▹": ">", "▾": "v", "→": ">", "←": "<", "↑": "^", "↓": "v", "▲": "^", "▼": "v", "•": "*", "█": "#",
    "░": ":", "▒": "=", "▓": "%", "╱": "/", "‖": "H",
}  # fmt: skip
"""What stands for a sign; where signs are told apart by their shape, so are these."""

_MARKERS = {slot.marker: slot.ascii_marker for slot in PALETTE}


def one_cell_each(text: str) -> str:
    """The text with a ? for each character that would not fill exactly one cell; line ends and tabs become spaces."""
    return "".join(" " if char.isspace() else char if _narrow(char) else "?" for char in text)


def to_charset(cells: list[Cell], charset: Charset) -> list[Cell]:
    """The cells as the character set can show them."""
    if charset == "braille":
        return cells
    return [Cell(to_ascii(cell.char), cell.ink) for cell in cells]


def _narrow(char: str) -> bool:
    return char.isprintable() and not unicodedata.combining(char) and unicodedata.east_asian_width(char) not in "WF"


def to_ascii(text: str) -> str:
    """The text in ASCII, each character in as many cells as it had; those without a likeness become ?."""
    return text if text.isascii() else "".join(map(_likeness, text))


@lru_cache(4096)
def _likeness(char: str) -> str:
    if char.isascii():
        return char
    if char in _MARKERS:
        return _MARKERS[char]
    if char in _SIGNS:
        return _SIGNS[char]
    name = unicodedata.name(char, "")
    if name.startswith("BOX DRAWINGS"):
        return "|" if "VERTICAL" in name and "HORIZONTAL" not in name and "AND" not in name else "+"
    if "BLOCK" in name:
        return _block(name)
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base.isascii() else "?" * cell_len(char)


def _block(name: str) -> str:
    """Blocks draw borders and bars: by the side they fill."""
    if "LEFT" in name or "RIGHT" in name:
        return "|"
    return "_" if "LOWER" in name else "-"
