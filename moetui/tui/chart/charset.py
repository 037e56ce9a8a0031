"""Text that takes exactly one cell per character, in either character set."""

import unicodedata

from moetui.tui.chart.drawing import Cell
from moetui.tui.chart.spec import Charset

DIVERGED: dict[Charset, str] = {"braille": "×", "ascii": "X"}
SUNK: dict[Charset, str] = {"braille": "↓", "ascii": "!"}

_FRAME_TO_ASCII = str.maketrans("─│┌┐└┘├┤┬┴┼…", "-|++++|++++~")


def one_cell_each(text: str) -> str:
    """The text with a ? for each character that would not fill exactly one cell; line ends and tabs become spaces."""
    return "".join(" " if char.isspace() else char if _narrow(char) else "?" for char in text)


def to_charset(cells: list[Cell], charset: Charset) -> list[Cell]:
    """The cells as the character set can show them."""
    if charset == "braille":
        return cells
    return [Cell(_to_ascii(cell.char), cell.ink) for cell in cells]


def _narrow(char: str) -> bool:
    return char.isprintable() and not unicodedata.combining(char) and unicodedata.east_asian_width(char) not in "WF"


def _to_ascii(char: str) -> str:
    plain = char.translate(_FRAME_TO_ASCII)
    return plain if plain.isascii() else "?"
