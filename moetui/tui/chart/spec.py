"""What a chart shows: frozen data that travels from a screen or a command to the drawing functions."""

from __future__ import annotations  # so that the arrays of a spec need no numpy before there are any

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from moetui.core.terminal import Charset as Charset  # what charts can be drawn with is what terminals can show
from moetui.tui.chart.palette import PALETTE, Slot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from moetui.tui.chart.arrays import FloatArray

Emphasis = Literal["faint", "dim", "normal", "strong"]
NumberFormat = Literal["number", "percent"]
Range = tuple[float, float]

EMPHASES: tuple[Emphasis, ...] = ("faint", "dim", "normal", "strong")
"""From the background to the front. A faint curve stands behind another one of its run and has no markers; a dim one has them."""


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
    dots: bool = False
    """Draw single dots that nothing joins, so that the curve differs from a line by its shape."""
    line: bool = True
    """Join the points. Without a line every point has its marker, however near the next one is."""
    bars: tuple[NDArray[Any] | Sequence[float], NDArray[Any] | Sequence[float]] | None = None
    """Ends of an interval at each point, the lower ones and the upper ones; NaN where there is none."""
    word: str = ""
    """What the values are, in a word, where the legend gives those of two curves."""
    pair: Series | None = None
    """The other curve of the same run: at the cursor the legend gives its value too, each with its word."""
    ghost: bool = False
    """A result of somebody else's: a hollow marker, and a dotted line at the height of a single value."""


@dataclass(frozen=True, eq=False, slots=True)
class Area:
    """What lies between two curves, such as an interval around a mean. `x` rises; the three run in parallel."""

    x: FloatArray
    low: FloatArray
    high: FloatArray
    slot: Slot = PALETTE[0]


class Mark(NamedTuple):
    """An event at a place of the x axis. `sign` is one ASCII character; where several fall together the last one is seen."""

    x: float
    sign: str
    slot: Slot


@dataclass(frozen=True, eq=False, slots=True)
class Heat:
    """A table of shares, drawn as shaded cells: layers × experts, each layer adding up to one."""

    shares: NDArray[np.float32]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the x axis that is set off from top to bottom, under the curves, by a sign in every cell."""

    name: str
    low: float
    high: float
    sign: str = "░"
    color: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A vertical line at one x under the curves, with an interval around it at the foot of the chart if there is one."""

    name: str
    x: float
    interval: Range | None = None
    color: str = ""
    value: str = ""
    """What the legend gives behind the name, never cut."""


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
    note: str = ""
    """Said faintly behind the title, where there is room."""
    legend_values: bool = True
    """Whether the legend gives the last value of each curve beside its name."""
    legend: bool = True
    """Whether the head names the curves; without it, it has the title, the note, and what stands behind the curves."""
    ends: bool = False
    """Whether a column right of the chart is kept, where the markers of several curves stand in the order of their last values."""
    label_width: int = 0
    """Cells that the labels of the y axis take at least, so that charts above each other begin at the same column."""
    areas: tuple[Area, ...] = ()
    """Shaded under the curves. They stretch no axis: the interval of two runs would flatten every curve."""
    marks: tuple[Mark, ...] = ()
    cursor: float | None = None
    """An x at which a line stands; the legend then gives the values there in place of the last ones."""
    heat: Heat | None = None
    """Drawn in the place of the curves."""
    x_log: bool = False
    """Points at or below zero are left out then."""
    bands: tuple[Band, ...] = ()
    rules: tuple[Rule, ...] = ()
    empty: str = "no data yet"
    """What a chart without a single point says."""
