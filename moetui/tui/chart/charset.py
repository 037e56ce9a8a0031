"""Text that takes exactly one cell per character, in each of the character sets."""

import unicodedata
from functools import lru_cache

from rich.cells import cell_len

from moetui.tui.chart.drawing import Cell
from moetui.tui.chart.palette import PALETTE
from moetui.tui.chart.spec import Charset

DIVERGED: dict[Charset, str] = {"braille": "×", "block": "X", "ascii": "X"}
ABOVE: dict[Charset, str] = {"braille": "↑", "block": "↑", "ascii": "!"}
SUNK: dict[Charset, str] = {"braille": "↓", "block": "↓", "ascii": "!"}

_SIGNS = {
    "─": "-", "━": "=", "│": "|", "…": "~", "·": ".", "–": "-", "—": "-", "›": ">", "×": "x", "✗": "!", "✓": "+", "◇": "%",
    "▸": ">", "▹": ">", "▾": "-", "→": ">", "←": "<", "↑": "^", "↓": "_", "▲": "^", "▼": "v", "•": "*", "█": "#",
    "░": ":", "▒": "=", "▓": "%", "╱": "/", "‖": "H",
}  # fmt: skip
"""What stands for a sign; where signs are told apart by their shape, so are these. An arrow is no letter, which would be a key."""

_CONSOLE_ARROWS = "↑↓→←"  # the console's font has them where code page 437 has control characters

_MARKERS = {slot.marker: slot.ascii_marker for slot in PALETTE}


def one_cell_each(text: str) -> str:
    """The text with a ? for each character that would not fill exactly one cell; line ends and tabs become spaces."""
    return "".join(" " if char.isspace() else char if _narrow(char) else "?" for char in text)


def to_charset(cells: list[Cell], charset: Charset) -> list[Cell]:
    """The cells as the character set can show them."""
    if charset == "braille":
        return cells
    return [Cell(in_charset(cell.char, charset), cell.ink) for cell in cells]


def _narrow(char: str) -> bool:
    return char.isprintable() and cell_len(char) == 1


def in_charset(text: str, charset: Charset) -> str:
    """The text as a character set can show it, each character in as many cells as it had; those without a likeness become ?."""
    if text.isascii() or charset == "braille":
        return text
    return "".join(_in_blocks(char) if charset == "block" else _likeness(char) for char in text)


@lru_cache(4096)
def _in_blocks(char: str) -> str:
    """What the font of a Linux console has, which is code page 437; markers stay a family, so they are those of ASCII."""
    if char in _MARKERS:
        return _MARKERS[char]
    try:
        char.encode("cp437")
    except UnicodeEncodeError:
        return char if char in _CONSOLE_ARROWS else _likeness(char)
    return char


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
