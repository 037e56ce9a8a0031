"""A table of shares as shaded cells with their percentages: which expert of which layer gets how much."""

import numpy as np

from moetui.tui.chart.arrays import FloatArray
from moetui.tui.chart.drawing import BLANK, FRAME, PLAIN, Cell, Ink
from moetui.tui.chart.spec import Heat

WIDEST, TALLEST = 7, 3
"""Cells of a share at most; beyond that a table only becomes hard to overlook."""

STEPS: tuple[tuple[float, str, Ink], ...] = (
    (0.1, " ", Ink("#d30000", bold=True)),
    (0.5, "░", Ink("#3a8fd9")),
    (0.9, "░", FRAME),
    (1.1, "▒", FRAME),
    (1.5, "▓", FRAME),
    (np.inf, "█", Ink("#e07b00", bold=True)),
)
"""Up to which multiple of an equal share which shade; the outermost are dead and overloaded experts."""


def heat_rows(heat: Heat, width: int, height: int) -> list[list[Cell]]:
    """`height` rows of `width` cells: a row of experts, the layers, and a caption. What has no room is averaged over neighbours."""
    caption = _text(heat.caption, width)
    if heat.shares.ndim != 2 or not heat.shares.size:
        return _filled([_text("no expert load measured yet".center(width), width)], width, height)
    most_layers = max(height - 2, 1)
    labels, shares = _averaged(heat.shares.astype(np.float64), most_layers)
    gutter = max(len(label) for label in labels) + 1
    experts, columns = _averaged(shares.T, max(width - gutter, 1))
    shares = columns.T
    across = max(1, min(WIDEST, (width - gutter) // len(experts)))
    down = max(1, min(TALLEST, most_layers // len(labels)))
    head = [name if len(name) < across else "" for name in experts]
    rows = [_text(" " * gutter + "".join(f"{name:^{across}}" for name in head), width)]
    for label, layer in zip(labels, shares, strict=True):
        for line in range(down):
            told = line == (down - 1) // 2
            row = _text(f"{label if told else '':<{gutter}}", gutter)
            for share in layer.tolist():
                row += _share(share, heat.shares.shape[1], across, told=told)
            rows.append(row)
    return _filled([*rows[: max(height - 1, 1)], caption], width, height)


def _share(share: float, experts: int, across: int, *, told: bool) -> list[Cell]:
    """One share: its shade, and in the middle the percentage where there is room."""
    _, shade, ink = next(step for step in STEPS if share * experts <= step[0] or step[0] == np.inf)
    number = f"{share * 100:.0f}" if share == share else "?"
    if not told or across < len(number) + 1:
        return [Cell(shade if shade != " " else "x", ink)] * across
    left = (across - len(number)) // 2
    fill = Cell(shade, ink)
    words = PLAIN if ink == FRAME else ink
    return [fill] * left + [Cell(char, words) for char in number] + [fill] * (across - left - len(number))


def _averaged(table: FloatArray, most: int) -> tuple[list[str], FloatArray]:
    """At most so many rows, each the mean of its neighbours, and the numbers that they stand for, counted from 1."""
    parts = np.array_split(np.arange(table.shape[0]), min(most, table.shape[0]))
    names = [f"{part[0] + 1}" if part.size == 1 else f"{part[0] + 1}-{part[-1] + 1}" for part in parts]
    return names, np.array([table[part].mean(axis=0) for part in parts])


def _text(text: str, width: int) -> list[Cell]:
    return [Cell(char, FRAME) for char in text[:width]]


def _filled(rows: list[list[Cell]], width: int, height: int) -> list[list[Cell]]:
    """The rows, cut and filled up to the size."""
    rows = rows[:height] + [[] for _ in range(height - len(rows))]
    return [row[:width] + [BLANK] * (width - len(row)) for row in rows]
