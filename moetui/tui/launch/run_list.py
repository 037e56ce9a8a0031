"""The names of the planned runs, as many as there are."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from moetui.core.plan import PlannedRun
from moetui.tui.chart import slot
from moetui.tui.panel import Panel, shows


class RunList(ScrollView, Panel, can_focus=True):
    """One line for each planned run, with the marker of its curve; only the visible lines are rendered."""

    DEFAULT_CSS = """
    RunList { height: 1fr; background: transparent; scrollbar-size-horizontal: 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._runs: tuple[PlannedRun, ...] = ()
        self._slots: tuple[int | None, ...] = ()

    @shows
    def show(self, runs: Sequence[PlannedRun], slots: Sequence[int | None]) -> None:
        """List these runs; `slots` are those of their curves."""
        self._runs, self._slots = tuple(runs), tuple(slots)
        self.virtual_size = Size(0, len(self._runs) + 1)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The heading, or one run."""
        width = self.size.width
        line = y + self.scroll_offset.y
        if line == 0:
            style = Style(bold=True, reverse=self.has_focus)
            segments = [Segment(" Planned runs ", style)]
        elif line <= len(self._runs):
            segments = self._line(line - 1)
        else:
            segments = []
        return Strip([*segments]).adjust_cell_length(width, self.rich_style)

    def _line(self, index: int) -> list[Segment]:
        ordinal = Segment(f"{index + 1:>4} ", Style(dim=True))
        name = Segment(self._runs[index].name)
        if (number := self._slots[index]) is None:
            return [ordinal, Segment("  "), name]
        look = slot(number)
        return [ordinal, Segment(f"{look.marker} ", Style(color=look.color)), name]
