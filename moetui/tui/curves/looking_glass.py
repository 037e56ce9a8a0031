"""Zoom and cursor of all charts of a page, by keys and by the mouse."""

import math
from abc import abstractmethod

from moetui.tui.chart.spec import Range
from moetui.tui.chart.widget import Chart
from moetui.tui.curves.board import Board
from moetui.tui.curves.events import events_near
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.window import STEPS, WHEEL, panned, selected, stepped, zoomed
from moetui.tui.panel import Panel


class LookingGlass(Panel):
    """A page of charts with one window of the x axis and one cursor. Subclasses draw: `_renew` and `_make_current`."""

    def __init__(self, board: Board, *, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self.board = board
        self._overlay = Overlay(board=board)
        self._window: Range | None = None
        self._cursor: float | None = None

    def zoom(self, factor: float) -> None:
        """Look at `factor` times as much of the x axis."""
        self._window = zoomed(self._overlay.x_range, self._overlay.full_range, factor, self._cursor)
        self._renew()

    def pan(self, step: int) -> None:
        """Move the zoomed charts by quarters of their width."""
        if self._window is not None:
            low, high = self._window = panned(self._window, self._overlay.full_range, step / 4)
            self._cursor = None if self._cursor is None else min(max(self._cursor, low), high)
            self._renew()

    def inspect(self, steps: int) -> None:
        """Move the cursor; it begins at the last measurement."""
        ends = [
            float(own.at(updates[-1:])[0])
            for run in self._overlay.runs
            if (own := self._overlay.ruler_of(run)) is not None
            for updates, _ in (
                self._overlay.curves_of(run).get("train_loss"),
                self._overlay.curves_of(run).get("val_loss"),
            )
            if updates.size
        ]
        window = self._overlay.x_range
        start = max((end for end in ends if math.isfinite(end)), default=window[1])
        whole = self.board.axis == "updates"
        self._cursor = stepped(self._cursor, window, steps, start=start, whole=whole)
        self._renew()

    def reset(self) -> None:
        """Take zoom and cursor away."""
        self._window = self._cursor = None
        self._renew()

    def on_chart_clicked(self, event: Chart.Clicked) -> None:
        """Put the cursor there, and tell what happened there; the chart becomes the current one."""
        self._make_current(event.chart)
        low, high = self._overlay.x_range
        x = min(max(event.x, low), high)
        self._cursor = float(round(x)) if self.board.axis == "updates" else x
        self._renew()
        if told := self.told():
            self.notify(told, timeout=3, markup=False)

    def on_chart_dragged(self, event: Chart.Dragged) -> None:
        """Zoom to what was dragged over."""
        self._make_current(event.chart)
        self._window = selected((event.x, event.end), self._overlay.full_range)
        self._renew()

    def on_chart_wheeled(self, event: Chart.Wheeled) -> None:
        """Zoom around the pointer."""
        factor = WHEEL**-event.steps
        self._window = zoomed(self._overlay.x_range, self._overlay.full_range, factor, event.x)
        self._renew()

    def told(self) -> str:
        """What happened to the runs at the cursor, in a sentence; empty where nothing did."""
        if self._cursor is None:
            return ""
        low, high = self._overlay.x_range
        return " · ".join(events_near(self._overlay, self._cursor, (high - low) / STEPS / 2))

    @abstractmethod
    def _renew(self) -> None:
        """Draw again with the present window and cursor."""

    @abstractmethod
    def _make_current(self, chart: Chart) -> None:
        """Let the keys change this chart."""
