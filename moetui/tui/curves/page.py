"""How the charts share the space: the shape of the grid, and the page of charts that is shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from textual.geometry import Size

from moetui.tui.chart.numbers import value_text
from moetui.tui.chart.spec import ChartSpec
from moetui.tui.curves.charts import Kind

LEAST_WIDTH, LEAST_HEIGHT = 38, 8
"""Cells below which a chart says less than the space it takes."""

COMFORT_HEIGHT, COMFORT_CELLS = 11, 700
"""Rows, and beyond two charts cells, that each of those has that are shown without being asked for."""

COMFORT_MOST = 6
"""Charts that are shown at most without being asked for."""

LABEL_WIDTH = 6
"""Cells of the labels of a y axis: `0.0100`, `25.5 %`."""

BEST_SHAPE = 3.2
"""Columns to rows of cells of a chart that one likes to look at."""

GAP = 0.2
"""What an empty place costs, in units of the logarithm of a shape's distance from the best."""


@dataclass(frozen=True, slots=True)
class Page:
    """The charts that are shown, the shape of their grid, for how many there is room, and which page of how many this is."""

    kinds: tuple[Kind, ...] = ()
    columns: int = 1
    rows: int = 1
    room: int = 1
    number: int = 1
    count: int = 1


def arranged(size: Size, kinds: Sequence[Kind], current: str, places: int | None) -> Page:
    """The page that has the current chart; of `places` None as many charts as there is comfortable room for."""
    wanted = min(comfortable(size) if places is None else places, len(kinds))
    columns, rows = shape(size, wanted)
    room = min(columns * rows, wanted)
    first = next(place for place, kind in enumerate(kinds) if kind.key == current) // room * room
    pages = math.ceil(len(kinds) / room)
    return Page(tuple(kinds[first : first + room]), columns, rows, room, first // room + 1, pages)


def comfortable(size: Size) -> int:
    """How many charts have room without becoming small."""
    for count in range(COMFORT_MOST, 1, -1):
        columns, rows = shape(size, count, least_height=COMFORT_HEIGHT)
        each = size.width // columns * (size.height // rows)
        if columns * rows >= count and (count == 2 or each >= COMFORT_CELLS):
            return count
    return 1


def shape(size: Size, places: int, *, least_height: int = LEAST_HEIGHT) -> tuple[int, int]:
    """Columns and rows for so many charts, or as many of them as fit: neither flat nor narrow, and with few gaps."""
    most_columns = max((size.width + 1) // (LEAST_WIDTH + 1), 1)
    most_rows = max(size.height // least_height, 1)
    for count in range(places, 1, -1):
        shapes = [
            (columns, rows)
            for columns in range(1, min(most_columns, count) + 1)
            if (rows := math.ceil(count / columns)) <= most_rows
        ]
        if shapes:
            return min(shapes, key=lambda shape: GAP * (shape[0] * shape[1] - count) + _strain(size, *shape))
    return 1, 1


def noted(spec: ChartSpec, page: Page | None, cursor: float | None, *, sketched: bool) -> ChartSpec:
    """The chart with the place of the cursor behind its title, and where it is the current one of several pages, their number.

    `sketched`: it says that the measurements are samples so far.
    """
    at = (
        ""
        if cursor is None
        else f"@ {value_text(cursor) if cursor != round(cursor) or cursor >= 1e6 else round(cursor)}"
    )
    number = f"{page.number}/{page.count}" if page is not None and page.count > 1 else ""
    return replace(spec, note=" · ".join(part for part in ("sketch" * sketched, at, spec.note, number) if part))


def in_its_place(spec: ChartSpec, *, first: bool, legend: bool, several: bool) -> ChartSpec:
    """The chart as one of a page: the x axis is named on the `first` one only, and all begin and end at the same columns.

    `several`: there are several runs, whose markers stand right of the curves.
    """
    return replace(spec, x_label=spec.x_label if first else "", legend=legend, ends=several, label_width=LABEL_WIDTH)


def _strain(size: Size, columns: int, rows: int) -> float:
    width, height = size.width / columns, max(size.height / rows, 1)
    return abs(math.log(max(width, 1) / height / BEST_SHAPE))
