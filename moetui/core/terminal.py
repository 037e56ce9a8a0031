"""What the terminal at hand can show: one truth for the interface, which acts on it, and for `moetui doctor`, which tells it."""

import locale
import os

CONSOLES_WITHOUT_BRAILLE = frozenset({"linux"})
"""Values of TERM whose fonts lack braille and most signs, whatever the encoding: Linux's own console holds 512 glyphs."""


def is_dumb() -> bool:
    """Whether TERM names a terminal that cannot place text."""
    return os.environ.get("TERM", "") in ("", "dumb")


def why_ascii() -> str:
    """Why the interface has to be drawn in ASCII; empty if it can use braille, lines and signs."""
    term = os.environ.get("TERM", "")
    if term in CONSOLES_WITHOUT_BRAILLE:
        return f"TERM={term} has no braille"
    # Not the preferred encoding: Python prefers UTF-8 in the C locale whatever the terminal does.
    encoding = locale.getencoding()
    if encoding.lower().replace("-", "") != "utf8":
        return f"the locale's encoding is {encoding}"
    return ""
