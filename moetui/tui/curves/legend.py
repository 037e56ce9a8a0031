"""The one legend of a page of charts: which marker is which run, and the values of the current chart."""

from collections.abc import Sequence

from textual.geometry import Size

from moetui.tui.chart.charset import to_charset
from moetui.tui.chart.drawing import Row, to_row
from moetui.tui.chart.spec import Charset, ChartSpec
from moetui.tui.curves.overlay import MOST_DETAILED

ENTRY = 11
"""Cells that a run takes besides its name: marker, value and gaps."""

LONGEST_NAME = 16
"""Cells that a name is given if all have room; longer ones are cut then."""

MOST = 3
"""Rows at most; what has no room then is counted."""

LEAST_HEIGHT = 13
"""Rows of a page of charts below which each chart has its own legend, as far as it goes."""


def legend_rows(size: Size, names: Sequence[str]) -> int:
    """Rows that the legend of several runs takes of a page of this size: the same whatever their values are."""
    if size.height < LEAST_HEIGHT or len(names) < 2:
        return 0
    entry = ENTRY + min(max(map(len, names)), LONGEST_NAME)
    return min(-(-len(names) // max(size.width // entry, 1)), MOST)


def legend_lines(spec: ChartSpec, width: int, rows: int, charset: Charset) -> list[Row]:
    """The legend of a chart in so many rows: of many runs only those in front have both values."""
    from moetui.tui.chart.draw import legend_entries  # with numpy and plotext: too much for a first picture
    from moetui.tui.chart.legend import draw_legend

    entries = legend_entries(spec, charset)
    if spec.cursor is None and len(entries) > MOST_DETAILED:
        entries = [entry if entry.ink.bold else entry._replace(both="") for entry in entries]
    return [to_row(to_charset(line, charset)) for line in draw_legend("", entries, width, rows)]
