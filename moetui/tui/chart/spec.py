"""What a chart shows: frozen data that travels from a screen or a command to the drawing functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from moetui.core.terminal import Charset as Charset  # what charts can be drawn with is what terminals can show
from moetui.tui.chart.palette import PALETTE, Slot

FloatArray = NDArray[np.float64]
Emphasis = Literal["faint", "normal", "strong"]
NumberFormat = Literal["number", "percent"]
Range = tuple[float, float]

EMPHASES: tuple[Emphasis, ...] = ("faint", "normal", "strong")


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """One curve. `x` and `y` run in parallel; of unequal lengths the shorter counts.

    A non-finite `y` means divergence and is drawn as a mark; leave a point out where nothing was measured.
    """

    name: str
    x: NDArray[Any] | Sequence[float]
    y: NDArray[Any] | Sequence[float]
    slot: Slot = PALETTE[0]
    emphasis: Emphasis = "normal"
    """Where curves cross, the more emphatic one stays on top; among equals the later one."""
    points: bool = False
    """Show each measured point with the slot's marker: for sparse series such as the validation loss."""
    legend: bool = True
    """Whether the legend names this curve and its last value."""


@dataclass(frozen=True, eq=False, slots=True)
class ChartSpec:
    """One chart. Ranges that are None follow the data; a given range is kept, and curves run out of it at the edges."""

    title: str
    series: tuple[Series, ...] = ()
    x_label: str = ""
    x_range: Range | None = None
    """Keep it fixed while data arrive (the total number of updates is known): what does not move is not sent again."""
    y_range: Range | None = None
    y_log: bool = False
    y_format: NumberFormat = "number"
    """`percent` shows fractions from 0 to 1 as percentages."""
    legend_values: bool = True
    """Whether the legend gives the last value of each curve beside its name."""
    empty: str = "no data yet"
    """What a chart without a single point says."""
