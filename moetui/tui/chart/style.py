"""The colours of a drawing on a widget's own ground."""

from rich.style import Style
from textual.color import Color
from textual.widget import Widget

from moetui.tui.chart.drawing import Ink

FAINT = 0.5
"""How far a dimmed colour goes towards the background."""


class InkStyles:
    """The style of each ink on a widget, worked out once and again after `clear`."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._known: dict[Ink, Style] = {}

    def __getitem__(self, ink: Ink) -> Style:
        if ink not in self._known:
            self._known[ink] = self._style(ink)
        return self._known[ink]

    def clear(self) -> None:
        """Forget what was coloured for another theme or another focus."""
        self._known.clear()

    def _style(self, ink: Ink) -> Style:
        base = self._widget.rich_style
        _, _, ground, foreground = self._widget.colors
        color = Color.parse(ink.color) if ink.color else foreground
        if ink.dim and ground.ansi is None and color.ansi is None:
            return base + Style(color=color.blend(ground, FAINT).rich_color, bold=ink.bold)
        return base + Style(color=color.rich_color, bold=ink.bold, dim=ink.dim)
