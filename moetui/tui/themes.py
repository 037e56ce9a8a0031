"""The themes of the interface, and how many colours the terminals have that cannot show all."""

from dataclasses import replace

from rich.color import ColorSystem
from textual.theme import BUILTIN_THEMES

from moetui.core.preferences import Theme

THEMES: dict[Theme, str] = {"dark": "textual-dark", "light": "moetui-light", "terminal": "ansi-dark"}
"""Textual's names of the themes."""

WHITE = replace(
    BUILTIN_THEMES["textual-light"], name=THEMES["light"], background="#ffffff", surface="#f6f6f6", panel="#ebebeb"
)
"""Textual's light theme is grey; a white ground leaves colours more contrast."""

DEPTHS = {"standard": ColorSystem.STANDARD, "windows": ColorSystem.STANDARD, "256": ColorSystem.EIGHT_BIT}
"""Terminals with fewer than all colours, by rich's names."""
