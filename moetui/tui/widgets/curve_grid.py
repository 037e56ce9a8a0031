"""Four charts of a set of runs, as many at once as there is room for."""

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.events import Resize
from textual.geometry import Size

from moetui.core.records import RunRecord
from moetui.tui.chart.spec import Charset
from moetui.tui.chart.widget import Chart
from moetui.tui.feed import Curves
from moetui.tui.panel import Panel, shows
from moetui.tui.widgets.curve_specs import SPECS, Overlay
from moetui.tui.widgets.planned_lr import Planned

LEAST_WIDTH, LEAST_HEIGHT = 38, 8
"""Cells below which a chart says less than the space it takes."""


class CurveGrid(Panel):
    """Learning rate, loss, accuracy and throughput of some runs. One chart is current; it can have the space alone.

    `show` draws at once and lays nothing out anew; the number of charts depends on the size only. Where not all have room, the
    current chart is always among those shown.
    """

    DEFAULT_CSS = """
    CurveGrid { layout: grid; grid-gutter: 0 1; height: 1fr; }
    CurveGrid > Chart.-current > .chart--title { color: $text-accent; text-style: bold underline; }
    """

    def __init__(self, *, charset: Charset = "braille", id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._charts = [Chart(charset=charset) for _ in SPECS]
        self._overlay = Overlay()
        self._current = 0
        self.maximised = False

    def compose(self) -> ComposeResult:
        """The charts; `_arrange` decides which are displayed."""
        yield from self._charts

    @shows
    def show(
        self,
        runs: Sequence[RunRecord],
        curves: Mapping[str, Curves],
        *,
        slots: Mapping[str, int],
        planned: Mapping[str, Planned] | None = None,
    ) -> None:
        """Draw these runs: `slots` gives each id its colour and marker, `planned` its learning-rate plan (see planned_lr)."""
        self._overlay = Overlay(tuple(runs), curves, slots, planned or {})
        self._draw()

    def move(self, step: int) -> None:
        """Make the chart `step` places on the current one; after the last comes the first."""
        self._current = (self._current + step) % len(self._charts)
        self._arrange(self.size)

    def toggle_maximised(self) -> None:
        """Give the current chart all the space, or let the others come back."""
        self.maximised = not self.maximised
        self._arrange(self.size)

    def on_mount(self) -> None:
        """Mark the current chart before the first layout."""
        self._arrange(self.size)

    def on_resize(self, event: Resize) -> None:
        """Show as many charts as fit."""
        self._arrange(event.size)

    def _arrange(self, size: Size) -> None:
        columns, rows = (1, 1) if self.maximised else shape(size)
        room = columns * rows
        first = self._current // room * room
        for index, chart in enumerate(self._charts):
            chart.set_class(index == self._current, "-current")
            chart.display = first <= index < first + room
        self.styles.grid_size_columns = columns
        self.styles.grid_size_rows = rows
        self._draw()

    def _draw(self) -> None:
        for chart, spec in zip(self._charts, SPECS, strict=True):
            if chart.display:
                chart.show(spec(self._overlay))


def shape(size: Size) -> tuple[int, int]:
    """Columns and rows of charts that fit into a size: four, two beside or above each other, or one."""
    columns = 2 if size.width >= 2 * LEAST_WIDTH + 1 else 1
    rows = 2 if size.height >= 2 * LEAST_HEIGHT else 1
    return columns, rows
