"""What the terminal at hand can show: one truth for the interface, which acts on it, and for `moetui doctor`, which tells it."""

import locale
import os
from typing import Literal

Charset = Literal["braille", "block", "ascii"]
"""What curves are drawn with: 2 × 4 dots in a cell, half blocks, or nothing but ASCII."""

CONSOLES_WITHOUT_BRAILLE = frozenset({"linux"})
"""Values of TERM whose fonts lack braille and most signs, whatever the encoding: Linux's own console holds 512 glyphs."""


def is_dumb() -> bool:
    """Whether TERM names a terminal that cannot place text."""
    return os.environ.get("TERM", "") in ("", "dumb")


def is_remote() -> bool:
    """Whether this process was reached over SSH."""
    return bool(os.environ.get("SSH_CONNECTION"))


def why_ascii() -> str:
    """Why everything has to be drawn in ASCII; empty if lines and blocks can be shown."""
    # Not the preferred encoding: Python prefers UTF-8 in the C locale whatever the terminal does.
    encoding = locale.getencoding()
    if encoding.lower().replace("-", "") != "utf8":
        return f"the locale's encoding is {encoding}"
    return ""


def detect_charset() -> tuple[Charset, str]:
    """The character set that suits the terminal, and why it is not braille, if it is not."""
    if reason := why_ascii():
        return "ascii", reason
    term = os.environ.get("TERM", "")
    if term in CONSOLES_WITHOUT_BRAILLE:
        return "block", f"TERM={term} has no braille"
    return "braille", ""


def notification(text: str) -> str:
    """The escape sequence (OSC 9) by which a terminal is asked to notify its user; wrapped where tmux or screen is in between.

    tmux passes it on only with `set -g allow-passthrough on`.
    """
    # Texts come from names and reasons: what could end the sequence, or begin another, stays out.
    plain = "".join(char if char.isprintable() else " " for char in text)
    sequence = f"\x1b]9;{plain}\x07"
    if os.environ.get("TMUX"):
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if os.environ.get("STY"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence


def is_served() -> bool:
    """Whether the interface of this process is shown in a browser, where no terminal is needed."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))
