"""The whole interface in ASCII: every line is translated on its way to the terminal, cell by cell, wherever it came from."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from moetui.tui.chart.charset import to_ascii


class AsciiFilter(LineFilter):
    """Puts ASCII in the place of all other characters and keeps their widths. Text that is ASCII already costs nothing."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in ASCII, with the styles that they have."""
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]
