"""A part of a chart, from top to bottom and a few columns wide.

For a changed cell Textual sends the whole line again from the left edge of the widget up to that cell. A chart made of narrow
tiles therefore costs a fraction of one that is a single widget.
"""

from collections.abc import Callable, Sequence

from textual.geometry import Region
from textual.strip import Strip

from moetui.tui.panel import Panel


class Tile(Panel):
    """Shows its columns of the lines that the chart around it has drawn."""

    DEFAULT_CSS = """
    Tile {
        width: 1fr;
        height: 1fr;
    }
    """

    def __init__(self, line: Callable[[int], Strip]) -> None:
        super().__init__()
        self._line = line

    @property
    def left(self) -> int:
        """The first of the chart's columns that lies here."""
        return self.virtual_region.x

    def refresh_columns(self, y: int, columns: Sequence[int]) -> None:
        """Draw again what lies between the first and the last of these columns of the chart, as far as it lies here."""
        own = [x - self.left for x in columns if self.left <= x < self.left + self.size.width]
        if own:
            self.refresh(Region(own[0], y, own[-1] + 1 - own[0], 1))

    def render_line(self, y: int) -> Strip:
        """The part of the chart's line that lies here."""
        return self._line(y).crop(self.left, self.left + self.size.width)
