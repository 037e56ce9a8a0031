"""The chart on a screen: at each new spec the terminal gets only the cells that changed."""

from itertools import groupby
from operator import itemgetter
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from moetui.tui.chart.changes import changed_runs
from moetui.tui.chart.draw import draw
from moetui.tui.chart.drawing import TITLE, Drawing, Ink, Row
from moetui.tui.chart.spec import Charset, ChartSpec

FAINT = 0.5  # how far a dimmed colour goes towards the background


class Chart(Widget):
    """Shows one ChartSpec after the other in the space it is given. Which `charset` the terminal has, the caller decides."""

    DEFAULT_CSS = """
    Chart {
        width: 1fr;
        height: 1fr;
        & > .chart--title { text-style: bold; }
        &:focus > .chart--title { color: $text-accent; text-style: bold underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"chart--title"}

    def __init__(
        self,
        spec: ChartSpec | None = None,
        *,
        charset: Charset = "braille",
        name: str | None = None,
        id: str | None = None,  # noqa: A002  every Textual widget calls it so
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._spec = spec or ChartSpec("")
        self._charset: Charset = charset
        self._drawing = Drawing(0, 0, ())
        self._strips: dict[int, Strip] = {}
        self._inks: dict[Ink, Style] = {}

    @property
    def spec(self) -> ChartSpec:
        """What is shown."""
        return self._spec

    def show(self, spec: ChartSpec) -> None:
        """Show this spec from now on. The terminal gets the cells that changed; nothing is laid out anew."""
        self._spec = spec
        old, self._drawing = self._drawing, self._draw()
        if (old.width, old.height) != (self._drawing.width, self._drawing.height):
            self._strips.clear()
            self.refresh()
            return
        runs = list(changed_runs(old, self._drawing))
        for y, in_row in groupby(runs, key=itemgetter(0)):
            cuts = [x for _, start, stop in in_row for x in (start, stop)]
            self._strips[y] = self._strip(self._drawing.rows[y], cuts)
        if runs:
            self.refresh(*(Region(start, y, stop - start, 1) for y, start, stop in runs))

    def render_line(self, y: int) -> Strip:
        """One line of the drawing, as a strip that is kept until the line changes."""
        if (self._drawing.width, self._drawing.height) != self.content_size:
            self._drawing = self._draw()
            self._strips.clear()
        if y >= self._drawing.height:
            return Strip.blank(self._drawing.width)
        if y not in self._strips:
            self._strips[y] = self._strip(self._drawing.rows[y], [])
        return self._strips[y]

    def notify_style_update(self) -> None:
        """Forget what was coloured for another theme or another focus."""
        super().notify_style_update()
        self._strips.clear()
        self._inks.clear()

    def _on_resize(self, event: Resize) -> None:
        self._strips.clear()
        self._drawing = self._draw()

    def _draw(self) -> Drawing:
        return draw(self._spec, self.content_size.width, self.content_size.height, self._charset)

    def _strip(self, row: Row, cuts: list[int]) -> Strip:
        """A row as segments, cut at these columns as well: Textual sends every segment whole that a changed cell lies in."""
        strip = Strip([Segment(span.text, self._style(span.ink)) for span in row], self._drawing.width)
        edges = [cut for cut in cuts if 0 < cut < self._drawing.width]
        return Strip.join(strip.divide([*edges, self._drawing.width])) if edges else strip

    def _style(self, ink: Ink) -> Style:
        if ink not in self._inks:
            self._inks[ink] = self._ink_style(ink)
        return self._inks[ink]

    def _ink_style(self, ink: Ink) -> Style:
        """The ink on the widget's own ground."""
        base = self.rich_style
        if ink == TITLE:
            return base + self.get_component_rich_style("chart--title", partial=True)
        _, _, ground, foreground = self.colors
        color = Color.parse(ink.color) if ink.color else foreground
        if ink.dim and ground.ansi is None and color.ansi is None:
            return base + Style(color=color.blend(ground, FAINT).rich_color, bold=ink.bold)
        return base + Style(color=color.rich_color, bold=ink.bold, dim=ink.dim)
