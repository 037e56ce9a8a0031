"""The chart on a screen: at each new spec the lines that changed are drawn again."""

from dataclasses import replace
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp, Resize
from textual.message import Message
from textual.strip import Strip

from moetui.tui.chart.drawing import TITLE, Drawing, Ink, blank
from moetui.tui.chart.spec import Band, Charset, ChartSpec, Range
from moetui.tui.chart.style import InkStyles
from moetui.tui.panel import Panel, shows

NOTHING = ChartSpec("")
"""Stands for the spec of a chart that has not been given one; it stays blank."""

DRAG = 2
"""Columns that a click may slip without becoming a drag."""


class Chart(Panel):
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
    ALLOW_SELECT = False  # dragging selects a part of the axis, not text

    class Used(Message):
        """The mouse did something at an x of this chart. Charts of which nobody listens to this just stand there."""

        def __init__(self, chart: "Chart", x: float) -> None:
            super().__init__()
            self.chart = chart
            self.x = x

    class Clicked(Used):
        """The mouse was clicked."""

    class Wheeled(Used):
        """The wheel was turned: `steps` up, or down if negative."""

        def __init__(self, chart: "Chart", x: float, steps: int) -> None:
            super().__init__(chart, x)
            self.steps = steps

    class Dragged(Used):
        """The mouse was dragged from `x` to `end`, in either direction."""

        def __init__(self, chart: "Chart", x: float, end: float) -> None:
            super().__init__(chart, x)
            self.end = end

    def __init__(
        self,
        spec: ChartSpec | None = None,
        *,
        charset: Charset = "braille",
        name: str | None = None,
        id: str | None = None,  # noqa: A002  every Textual widget calls it so
        classes: str | None = None,
    ) -> None:
        self._strips: dict[int, Strip] = {}
        super().__init__(name=name, id=id, classes=classes)
        self._inks = InkStyles(self)
        self._spec = spec or NOTHING
        self._charset: Charset = charset
        self._drawing = Drawing(0, 0, ())
        self._held: int | None = None  # the column at which the mouse went down
        self._dragged: Range | None = None

    @property
    def spec(self) -> ChartSpec:
        """What is shown."""
        return self._spec

    @shows
    def show(self, spec: ChartSpec) -> None:
        """Show this spec from now on. The lines that changed are drawn again; nothing is laid out anew."""
        self._spec = spec
        old, self._drawing = self._drawing, self._draw()
        if (old.width, old.height) != (self._drawing.width, self._drawing.height):
            self._forget()
            return
        for y, (before, after) in enumerate(zip(old.rows, self._drawing.rows, strict=True)):
            if before != after:
                self._strips.pop(y, None)
        self.refresh_changed(old.rows, self._drawing.rows)

    def render_line(self, y: int) -> Strip:
        """One line of the drawing, as a strip that is kept until the line changes."""
        if (self._drawing.width, self._drawing.height) != self.content_size:
            self._drawing = self._draw()
            self._strips.clear()
        if y >= self._drawing.height:
            return Strip.blank(self._drawing.width)
        if y not in self._strips:
            row = self._drawing.rows[y]
            self._strips[y] = Strip([Segment(span.text, self._style(span.ink)) for span in row], self._drawing.width)
        return self._strips[y]

    def notify_style_update(self) -> None:
        """Forget what was coloured for another theme or another focus."""
        super().notify_style_update()
        self._inks.clear()
        self._forget()

    def _on_resize(self, event: Resize) -> None:
        self._drawing = self._draw()
        self._forget()

    def _forget(self) -> None:
        """Have everything drawn again."""
        self._strips.clear()
        self.refresh()

    def _draw(self) -> Drawing:
        if self._spec is NOTHING:
            return blank(*self.content_size)
        from moetui.tui.chart.draw import draw  # with numpy and plotext: too much to wait for before the first picture

        spec = self._spec
        if self._dragged is not None:
            spec = replace(spec, bands=(*spec.bands, Band("zoom", *self._dragged)))
        return draw(spec, self.content_size.width, self.content_size.height, self._charset)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Begin to drag."""
        if event.button == 1 and self._drawing.plane is not None:
            self._held = event.x
            self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Shade what is dragged over."""
        plane = self._drawing.plane
        if self._held is None or plane is None:
            return
        ends = plane.x_at(self._held), plane.x_at(event.x)
        dragged = (min(ends), max(ends)) if abs(event.x - self._held) >= DRAG else None
        if dragged != self._dragged:
            self._dragged = dragged
            self.show(self._spec)

    def on_mouse_up(self, event: MouseUp) -> None:
        """Tell what was clicked or dragged over."""
        plane, held = self._drawing.plane, self._held
        self.release_mouse()
        self._held, dragged, self._dragged = None, self._dragged, None
        if held is None or plane is None:
            return
        if dragged is None:
            self.post_message(self.Clicked(self, plane.x_at(event.x)))
        else:
            self.show(self._spec)
            self.post_message(self.Dragged(self, *dragged))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Tell that the wheel was turned up."""
        self._wheel(event, 1)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Tell that the wheel was turned down."""
        self._wheel(event, -1)

    def _wheel(self, event: MouseScrollUp | MouseScrollDown, steps: int) -> None:
        if (plane := self._drawing.plane) is not None:
            event.stop()
            self.post_message(self.Wheeled(self, plane.x_at(event.x), steps))

    def _style(self, ink: Ink) -> Style:
        if ink == TITLE:
            return self.rich_style + self.get_component_rich_style("chart--title", partial=True)
        return self._inks[ink]
