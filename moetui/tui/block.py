"""The dashboard as a block of lines: the list of runs over their charts, as the Live screen has them, but tied to no screen."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from rich.style import Style
from rich.text import Text
from textual.geometry import Size

from moetui.core.terminal import Charset
from moetui.tui.chart.charset import in_charset
from moetui.tui.chart.draw import draw
from moetui.tui.chart.drawing import Ink, Row
from moetui.tui.chart.spec import ChartSpec
from moetui.tui.curves.legend import legend_lines, legend_rows
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.page import LEAST_HEIGHT, LEAST_WIDTH, in_its_place
from moetui.tui.curves.planned_lr import Planned
from moetui.tui.curves.specs import accuracy_spec, loss_spec, lr_spec, throughput_spec
from moetui.tui.feed import Picture
from moetui.tui.live.row import Entry, Line, head_line, run_line, widths_for
from moetui.tui.live.view import Choice, View, caption, entries

SPECS = (loss_spec, lr_spec, accuracy_spec, throughput_spec)
"""The charts of the block, the most telling first."""

MOST_CHART_LINES = 14
GAP = 2
"""Cells between two charts."""


def dashboard(
    view: View,
    choice: Choice,
    picture: Picture,
    planned: Mapping[str, Planned],
    *,
    width: int,
    height: int,
    charset: Charset,
) -> list[Text]:
    """At most `height` lines of at most `width` cells: a quarter for the runs, three at least, and the rest for charts."""
    listed = entries(view, picture, choice)
    lines = list(_list_lines(listed, caption(view, choice), width, max(3, height // 4), charset))
    overlay = Overlay(view.charted, picture.curves, view.slots or {}, planned)
    if view.charted:
        specs = [spec(overlay) for spec in SPECS]
        rows = legend_rows(Size(width, height - len(lines)), [*overlay.names().values()])
        if rows:
            named = replace(specs[0], series=overlay.in_order(specs[0].series))
            lines += [_joined([row]) for row in legend_lines(named, width, rows, charset)]
        several = len(view.charted) > 1
        specs = [
            in_its_place(spec, first=not place, legend=not rows, several=several) for place, spec in enumerate(specs)
        ]
        lines += chart_lines(specs, width=width, height=height - len(lines), charset=charset)
    if picture.error:
        lines.append(Text(picture.error, style="bold red"))
    return lines[:height]


def chart_lines(specs: Sequence[ChartSpec], *, width: int, height: int, charset: Charset) -> list[Text]:
    """As many of the charts as have room in so many lines, one or two beside each other; no line if none has."""
    columns = 2 if width >= 2 * LEAST_WIDTH + GAP and len(specs) > 1 else 1
    rows = min(-(-len(specs) // columns), height // LEAST_HEIGHT)
    if rows < 1 or width < LEAST_WIDTH:
        return []
    each_width, each_height = (width - GAP * (columns - 1)) // columns, min(height // rows, MOST_CHART_LINES)
    lines = []
    for first in range(0, rows * columns, columns):
        drawn = [draw(spec, each_width, each_height, charset).rows for spec in specs[first : first + columns]]
        lines += [_joined(parts) for parts in zip_longest(*drawn, fillvalue=())]
    return lines


def _joined(parts: Sequence[Row]) -> Text:
    line = Text()
    for index, row in enumerate(parts):
        line.append(" " * GAP if index else "")
        for span in row:
            line.append(span.text, _style(span.ink))
    return line


def _style(ink: Ink) -> Style:
    return Style(color=ink.color or None, bold=ink.bold, dim=ink.dim)


def _list_lines(listed: Sequence[Entry], title: str, width: int, most: int, charset: Charset) -> Iterator[Text]:
    """The head, the runs, those that train or are charted before the others, and a line that counts what had no room."""
    widths = widths_for(width)
    yield _text(head_line(title.partition(" · ")[0], widths), width, charset)  # what follows speaks of keys
    ranked = sorted(listed, key=lambda entry: (not entry.run.live, entry.slot is None))
    room = most if len(listed) <= most else most - 1
    chosen = {entry.run.id for entry in ranked[:room]}
    yield from (
        _text(run_line(entry, widths, cursor=False), width, charset) for entry in listed if entry.run.id in chosen
    )
    if left := Counter(entry.run.status for entry in listed if entry.run.id not in chosen):
        words = ", ".join(f"{count} {status}" for status, count in left.items())
        yield Text(in_charset(f"   … and {words}", charset), style="dim", no_wrap=True)


def _text(line: Line, width: int, charset: Charset) -> Text:
    text = Text(no_wrap=True)
    for cell in line:
        text.append(in_charset(cell.text, charset), cell.style)
    text.truncate(width)
    return text
