"""The coordinate check of the planned configuration: whether its learning rate may transfer to another width."""

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from engine.spec.config import RunConfig
from moetui.core.errors import LabError
from moetui.core.runs.coordcheck import CoordinateCheck, prepared
from moetui.core.runs.lab import Lab
from moetui.core.science.coordinates import Measured, conclusion, headers, rows, slopes
from moetui.core.terminal import Charset
from moetui.tui.chart.widget import Chart
from moetui.tui.dialogs.dialog import Dialog
from moetui.tui.launch.coordinates_chart import coordinates_chart
from moetui.tui.widgets.scroll_keys import SCROLLING, ScrollKeys

WIDTHS: Final = (32, 64, 128)
UPDATES: Final = (1, 3, 10)
"""What the command takes when nothing else is said."""


class Coordinates(Dialog[None], ScrollKeys):
    """Measures in a process of its own, then shows the chart, the slopes and the verdict."""

    DEFAULT_CSS = """
    Coordinates > VerticalScroll {
        width: 100%; height: 100%; padding: 0 1; border: round $primary; background: $surface;
    }
    Coordinates Chart { height: 1fr; min-height: 8; display: none; }
    Coordinates Static { height: auto; }
    Coordinates.-measured Chart { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close"),
        *SCROLLING,
    ]
    AUTO_FOCUS = ""

    def __init__(self, lab: Lab, name: str, config: RunConfig, charset: Charset) -> None:
        super().__init__()
        self._lab = lab
        self._name_of_run = name
        self._config = config
        self._charset = charset
        self._check: CoordinateCheck | None = None

    def compose(self) -> ComposeResult:
        """The chart and the words."""
        with VerticalScroll(can_focus=False) as box:
            box.border_title = Text(f"Coordinate check: {self._name_of_run}")
            box.border_subtitle = "esc closes"
            yield Chart(charset=self._charset)
            yield Static(
                f"Training {', '.join(map(str, WIDTHS))} wide for {UPDATES[-1]} updates each, which takes a minute …",
                markup=False,
            )

    def on_mount(self) -> None:
        """Begin to measure."""
        try:
            self._check = CoordinateCheck(self._lab, prepared(self._config, WIDTHS, 1), UPDATES)
        except (LabError, OSError) as error:
            self.call_after_refresh(self._say, Text(str(error), "bold red"))
        else:
            self._measure(self._check)

    def on_unmount(self) -> None:
        """Leave no process behind."""
        if self._check is not None:
            self._check.break_off()

    @work(thread=True, exit_on_error=False, description="measure at several widths")
    def _measure(self, check: CoordinateCheck) -> None:
        try:
            measured = check.measured()
        except (LabError, OSError) as error:
            self.app.call_from_thread(self._say, Text(str(error), "bold red"))
        else:
            self.app.call_from_thread(self._show, measured)

    def _show(self, measured: Sequence[Measured]) -> None:
        if not self.is_mounted:
            return
        found = slopes(measured)
        self.add_class("-measured")
        self.query_one(Chart).show(coordinates_chart(measured))
        table = [list(headers(found)), *rows(found)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
        ]
        self._say(Text("\n".join([*lines, conclusion(found)])))

    def _say(self, words: Text) -> None:
        if self.is_mounted:  # it may have been closed meanwhile
            self.query_one(Static).update(words)
