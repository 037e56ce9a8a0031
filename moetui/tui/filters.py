"""The last step of each line on its way out, wherever it came from: harmless text, and what a poorer terminal can show."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from engine.spec.harmless import harmless
from moetui.tui.chart.charset import in_charset
from moetui.tui.chart.palette import CUBE, SIXTEEN
from moetui.tui.chart.spec import Charset

_BREAKS = dict.fromkeys(map(ord, "\n\t"))
"""What is no part of a line; like all that is taken out here, it has no cell."""


def harmless_segments(segments: Iterable[Segment]) -> list[Segment]:
    """The segments of one line without what a terminal takes for orders, in as many cells as before."""
    return [
        segment
        if segment.control or (text := harmless(segment.text).translate(_BREAKS)) == segment.text
        else Segment(text, segment.style)
        for segment in segments
    ]


class HarmlessFilter(LineFilter):
    """Lets no text from outside give orders to the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with their texts made harmless."""
        return harmless_segments(segments)


class CharsetFilter(LineFilter):
    """Puts what a character set has in the place of all else and keeps the widths. Text that is ASCII already costs nothing."""

    def __init__(self, charset: Charset) -> None:
        super().__init__(enabled=charset != "braille")
        self._charset: Charset = charset

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in the character set, with the styles that they have."""
        return [
            segment
            if segment.text.isascii()
            else Segment(in_charset(segment.text, self._charset), segment.style, segment.control)
            for segment in segments
        ]


class PaletteFilter(LineFilter):
    """Takes the colours of a smaller palette for all others: of 256, or the sixteen of the terminal's own."""

    def __init__(self, system: ColorSystem) -> None:
        """True colours are left as they are."""
        super().__init__(enabled=system < ColorSystem.TRUECOLOR)
        self._system = system

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments with the colours of the palette: those that were chosen for the slots, else the nearest."""
        return [Segment(text, style and _in_palette(style, self._system), control) for text, style, control in segments]


class NoColorFilter(LineFilter):
    """Takes all colours away. What had a ground of its own, such as the line under the cursor, is shown reversed."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in bold, dim, underlined and reversed only."""
        return [Segment(text, style and _without_color(style), control) for text, style, control in segments]


@lru_cache(4096)
def _in_palette(style: Style, system: ColorSystem) -> Style:
    color, ground = (one and _fewer(one, system) for one in (style.color, style.bgcolor))
    return style if (color, ground) == (style.color, style.bgcolor) else style + Style(color=color, bgcolor=ground)


def _fewer(color: RichColor, system: ColorSystem) -> RichColor:
    chosen = (SIXTEEN if system == ColorSystem.STANDARD else CUBE).get(color.name.lower())
    return color.downgrade(system) if chosen is None else RichColor.from_ansi(chosen)


@lru_cache(4096)
def _without_color(style: Style) -> Style:
    own_ground = style.bgcolor is not None and not style.bgcolor.is_default
    plain = Style(color=RichColor.default(), bgcolor=RichColor.default(), reverse=bool(style.reverse) != own_ground)
    return style + plain


# Textual keeps the lines that a filter has made by the filter: a new one each time would fill memory with copies of them.
PALETTES: Final = {system: PaletteFilter(system) for system in ColorSystem}
NO_COLOR: Final = NoColorFilter()
