"""The legend of a page of charts on a screen."""

from rich.segment import Segment
from textual.strip import Strip

from moetui.tui.chart.drawing import Row
from moetui.tui.chart.spec import Charset, ChartSpec
from moetui.tui.chart.style import InkStyles
from moetui.tui.curves.legend import legend_lines
from moetui.tui.panel import Panel, shows


class Legend(Panel):
    """Names the curves of all charts of a page."""

    DEFAULT_CSS = """
    Legend { display: none; }
    """

    def __init__(self, charset: Charset) -> None:
        super().__init__()
        self._charset: Charset = charset
        self._spec: ChartSpec | None = None
        self._rows: list[Row] = []
        self._styles = InkStyles(self)

    @shows
    def show(self, spec: ChartSpec) -> None:
        """Name the curves of this chart."""
        self._spec = spec
        old, self._rows = self._rows, self._drawn()
        self.refresh_changed(old, self._rows)

    def on_resize(self) -> None:
        """Use the new width."""
        self._rows = self._drawn()
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget what was coloured for another theme."""
        super().notify_style_update()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """One line of the legend."""
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        segments = [Segment(span.text, self._styles[span.ink]) for span in self._rows[y]]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def _drawn(self) -> list[Row]:
        if self._spec is None or not self.size.height:
            return []
        return legend_lines(self._spec, self.size.width, self.size.height, self._charset)
