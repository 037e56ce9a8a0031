"""Curves as dots in cells: braille has 2 × 4 dots in a cell, half blocks have 1 × 2, plain ASCII 1 × 3."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moetui.tui.chart.arrays import FloatArray
from moetui.tui.chart.curve import Curve
from moetui.tui.chart.spec import Charset

Dots = NDArray[np.uint8]  # (rows, columns) from the bottom row up: one bit per dot of the cell


@dataclass(frozen=True, eq=False, slots=True)
class Dotting:
    """How one character set draws the dots of a cell."""

    across: int
    down: int
    bits: NDArray[np.uint8]
    """The bit of each dot, by its place (from the bottom, from the left)."""
    glyphs: str
    """The character of each combination of bits."""


DOTTINGS: dict[Charset, Dotting] = {
    "braille": Dotting(
        2,
        4,
        np.array([[64, 128], [4, 32], [2, 16], [1, 8]], np.uint8),
        "".join(chr(0x2800 + code) for code in range(256)),
    ),
    "block": Dotting(1, 2, np.array([[1], [2]], np.uint8), " ▄▀█"),  # quadrants are not in the font of a Linux console
    "ascii": Dotting(1, 3, np.array([[1], [2], [4]], np.uint8), " .-:'|\"|"),
}


def rasterize(
    curve: Curve, columns: int, rows: int, dotting: Dotting, *, thick: bool = False, dotted: bool = False
) -> Dots:
    """The dots of a curve; a thick one is two dots high, a dotted one only the ends of what it covers in each column."""
    width, height = columns * dotting.across, rows * dotting.down
    if dotted:
        ends = np.rint(np.concatenate([curve.low, curve.high])).astype(np.intp)
        return _dots(np.tile(np.rint(curve.column).astype(np.intp), 2), ends, columns, rows, dotting)
    joined = np.flatnonzero(curve.joined)
    x0 = np.concatenate([curve.column, curve.column[joined]])
    y0 = np.concatenate([curve.low, curve.last[joined]])
    x1 = np.concatenate([curve.column, curve.column[joined + 1]])
    y1 = np.concatenate([curve.high, curve.first[joined + 1]])
    x, y = _walk(*_clip(x0, y0, x1, y1, width, height))
    if thick:
        x, y = np.concatenate([x, x]), np.concatenate([y, y + 1])
    return _dots(x, y, columns, rows, dotting)


def _dots(x: NDArray[np.intp], y: NDArray[np.intp], columns: int, rows: int, dotting: Dotting) -> Dots:
    """The pixels that lie within the canvas."""
    width, height = columns * dotting.across, rows * dotting.down
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = x[inside], y[inside]
    dots = np.zeros((rows, columns), np.uint8)
    np.bitwise_or.at(dots, (y // dotting.down, x // dotting.across), dotting.bits[y % dotting.down, x % dotting.across])
    return dots


def _clip(
    x0: FloatArray, y0: FloatArray, x1: FloatArray, y1: FloatArray, width: int, height: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The parts of segments that lie within the pixels (Liang and Barsky, 1984)."""
    enter, leave = np.zeros_like(x0), np.ones_like(x0)
    for start, delta, size in ((x0, x1 - x0, width), (y0, y1 - y0, height)):
        flat = np.abs(delta) < 1e-9
        safe = np.where(flat, 1.0, delta)
        near, far = (-0.5 - start) / safe, (size - 0.5 - start) / safe
        outside = flat & ((start < -0.5) | (start > size - 0.5))
        enter = np.maximum(enter, np.where(flat, 0.0, np.minimum(near, far)))
        leave = np.minimum(leave, np.where(flat, 1.0, np.maximum(near, far)))
        leave = np.where(outside, -1.0, leave)
    shown = enter <= leave
    x0, y0, x1, y1, enter, leave = (a[shown] for a in (x0, y0, x1, y1, enter, leave))
    dx, dy = x1 - x0, y1 - y0
    return x0 + enter * dx, y0 + enter * dy, x0 + leave * dx, y0 + leave * dy


def _walk(x0: FloatArray, y0: FloatArray, x1: FloatArray, y1: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Every pixel on the way from one end of each segment to the other."""
    steps = np.ceil(np.maximum(np.abs(x1 - x0), np.abs(y1 - y0))).astype(np.intp)
    count = steps + 1
    which = np.repeat(np.arange(count.size), count)
    place = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count)
    part = place / np.maximum(steps, 1)[which]
    x = x0[which] + part * (x1 - x0)[which]
    y = y0[which] + part * (y1 - y0)[which]
    return np.rint(x).astype(np.intp), np.rint(y).astype(np.intp)
