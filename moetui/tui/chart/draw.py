"""The drawing core: a pure function from a spec and a size to rows of styled text."""

import math
from dataclasses import dataclass

import numpy as np

from moetui.tui.chart.arrays import FloatArray, Floats
from moetui.tui.chart.axis import Axis
from moetui.tui.chart.backdrop import shade, sign_cells, stand
from moetui.tui.chart.charset import one_cell_each, to_charset
from moetui.tui.chart.curve import columns_of, thinned, trace, within
from moetui.tui.chart.drawing import BLANK, FRAME, Cell, Drawing, Plane, to_row
from moetui.tui.chart.ends import ends_column
from moetui.tui.chart.frame import canvas_size, draw_frame
from moetui.tui.chart.heat import heat_rows
from moetui.tui.chart.layout import Layout, plan
from moetui.tui.chart.legend import Entry, draw_legend
from moetui.tui.chart.marks import foot, ground, mark_entries
from moetui.tui.chart.plot import Plotted, ink_of, marker_of, plot_cells
from moetui.tui.chart.ranges import LARGEST, SMALLEST, around, usable
from moetui.tui.chart.raster import DOTTINGS
from moetui.tui.chart.scatter import bar_ends, bar_series, bars, scatter
from moetui.tui.chart.spec import Charset, ChartSpec, Range, Series
from moetui.tui.chart.ticks import Tick, x_ticks, y_ticks
from moetui.tui.chart.told import told, told_apart

Rows = list[list[Cell]]


@dataclass(frozen=True, eq=False, slots=True)
class _Data:
    """The spec's series as ordered arrays, cropped to the x range, and the ranges that the axes will cover.

    On a log axis every x is log10 of what the spec says.
    """

    points: list[tuple[FloatArray, FloatArray]]
    x_range: Range
    y_range: Range | None


def draw(spec: ChartSpec, width: int, height: int, charset: Charset = "braille") -> Drawing:
    """Draw a chart of exactly `width` × `height` cells. Whatever the data and however small the chart, it never raises."""
    width, height = max(width, 0), max(height, 0)
    named = len(_named(spec)) + len(spec.bands) + len(spec.rules)
    layout = plan(width, height, named, pairs=spec.cursor is not None and any(series.pair for series in spec.series))
    plane = None
    if layout is None:
        rows = _notice("too small", width, height)
    else:
        rows, plane = _chart(spec, layout, width, height, charset)
    return Drawing(width, height, tuple(to_row(to_charset(row, charset)) for row in rows), plane)


def _chart(spec: ChartSpec, layout: Layout, width: int, height: int, charset: Charset) -> tuple[Rows, Plane | None]:
    head, plane = _head(spec, layout, width, charset), None
    if spec.heat is not None:
        body = heat_rows(spec.heat, width, height - len(head))
    else:
        body, plane = _body(spec, layout, width, height - len(head), charset)
    return [line + [BLANK] * (width - len(line)) for line in head] + body, plane


def _head(spec: ChartSpec, layout: Layout, width: int, charset: Charset) -> Rows:
    if not layout.legend_rows:
        return []
    entries = [*(legend_entries(spec, charset) if spec.legend else []), *mark_entries(spec)]
    title, note = one_cell_each(spec.title), one_cell_each(spec.note)
    return draw_legend(title, entries, width, layout.legend_rows, note)


def legend_entries(spec: ChartSpec, charset: Charset) -> list[Entry]:
    """The curves that a legend names, each with its marker and its value or values."""
    return [
        Entry(
            marker_of(series, charset),
            ink_of(series)._replace(dim=series.emphasis == "faint"),
            one_cell_each(series.name),
            told(series, spec),
            told_apart(series, spec),
        )
        for series in spec.series
        if series.legend
    ]


def _named(spec: ChartSpec) -> list[Series]:
    """The curves that the head of the chart names."""
    return [series for series in spec.series if series.legend and spec.legend]


def _body(spec: ChartSpec, layout: Layout, width: int, height: int, charset: Charset) -> tuple[Rows, Plane]:
    data = _data(spec)
    across, down = DOTTINGS[charset].across, DOTTINGS[charset].down
    ticks_y: list[Tick] = []
    rows = height - layout.x_line - layout.x_ticks
    y_axis = Axis(*(data.y_range or (0.0, 1.0)), rows * down, spec.y_log and data.y_range is not None)
    if layout.y_ticks:
        ticks_y = y_ticks(y_axis, rows, spec.y_format) if data.y_range else [(0, "")]
        ticks_y = ticks_y if max(len(label) for _, label in ticks_y) <= width // 3 else [(0, "")]
    ticks_y = [(row, label.rjust(spec.label_width)) for row, label in ticks_y] if layout.y_ticks else []
    ends = spec.ends and layout.y_ticks
    width -= ends
    columns, _ = canvas_size(width, height, ticks_y, [], layout.x_line)
    x_axis = Axis(*data.x_range, columns * across)
    ticks_x = x_ticks(_scaled_back(x_axis) if spec.x_log else x_axis, columns) if layout.x_ticks else []
    plotted = [
        Plotted(series, (trace if series.line else scatter)(x, y, x_axis, y_axis))
        for series, (x, y) in zip(spec.series, data.points, strict=True)
    ]
    plotted += [
        Plotted(bar_series(series), bars(series, x_axis, y_axis, log=spec.x_log))
        for series in spec.series
        if series.bars
    ]
    under = ground(spec, x_axis, columns, rows) | shade(spec.areas, x_axis, y_axis, charset)
    cells = under | plot_cells(plotted, columns, rows, charset, ends=not ends)
    if spec.cursor is not None and data.x_range[0] <= spec.cursor <= data.x_range[1]:
        stand(cells, x_axis.place(spec.cursor) // across, rows)
    cells |= foot(spec, x_axis, columns)
    drawn = draw_frame(width, height, cells, ticks_y, ticks_x, layout.x_line)
    if not any(x.size for x, _ in data.points):
        _write(drawn, one_cell_each(spec.empty), width - columns, columns, rows // 2)
    for column, cell in sign_cells(spec.marks, x_axis, across).items():
        drawn[rows if layout.x_line else rows - 1][width - columns + column] = cell
    if layout.x_line and spec.x_label:
        _label_axis(drawn[rows], one_cell_each(spec.x_label), [width - columns + column for column, _ in ticks_x])
    if ends:
        last = [*reversed(ends_column(plotted, rows, charset)), *[BLANK] * (height - rows)]
        drawn = [[*line, cell] for line, cell in zip(drawn, last, strict=True)]
    return drawn, Plane(width - columns, columns, *data.x_range)


def _data(spec: ChartSpec) -> _Data:
    found = [columns_of(series) for series in spec.series]
    given = usable(spec.x_range, spec.x_log) if spec.x_range else None
    if spec.x_log:
        found = [(np.log10(np.clip(x[x > 0].astype(np.float64), SMALLEST, LARGEST)), y[x > 0]) for x, y in found]
        given = (math.log10(given[0]), math.log10(given[1])) if given else None
    x_range = given or _x_range([x for x, _ in found if x.size], spec.x_log)
    points = [thinned(*within(x, y, *x_range)) for x, y in found]
    y_range = usable(spec.y_range, spec.y_log) if spec.y_range else None
    if y_range is None:
        inside = [y[(x >= x_range[0]) & (x <= x_range[1])] for x, y in points]
        inside += [bar_ends(series) for series in spec.series]
        y_range = around(np.concatenate(inside), spec.y_log) if inside else None
    return _Data(points, x_range, y_range)


def _scaled_back(axis: Axis) -> Axis:
    """The log axis whose exponents an axis counts: x values are log10 from the beginning, so that curves need not know."""
    return Axis(10**axis.low, 10**axis.high, axis.pixels, log=True)


def _x_range(xs: list[Floats], log: bool) -> Range:
    """From the first to the last point; a single x is put in the middle, where the scale leaves it room."""
    if not xs:
        return 0.0, 1.0
    ends = min(float(x[0]) for x in xs), max(float(x[-1]) for x in xs)
    low, high = usable(ends) or around(np.array(ends)) or (0.0, 1.0)
    return (max(low, math.log10(SMALLEST)), min(high, math.log10(LARGEST))) if log else (low, high)


def _label_axis(line: list[Cell], label: str, ticks: list[int]) -> None:
    """Set the label into the line of the x axis, between the last two ticks that leave it room."""
    for left, right in zip(reversed(ticks[:-1]), reversed(ticks), strict=False):
        if right - left >= len(label) + 4:
            line[right - len(label) - 3 : right - 1] = [BLANK, *(Cell(char, FRAME) for char in label), BLANK]
            return


def _notice(text: str, width: int, height: int) -> Rows:
    rows = [[BLANK] * width for _ in range(height)]
    _write(rows, text, 0, width, height // 2)
    return rows


def _write(rows: Rows, text: str, left: int, width: int, row: int) -> None:
    """Centre a text in a part of one row."""
    text = text[:width]
    start = left + (width - len(text)) // 2
    if row < len(rows):
        rows[row][start : start + len(text)] = [Cell(char, FRAME) for char in text]
