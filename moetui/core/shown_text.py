"""Text of others as documents show it: on one line, and in Markdown as it is."""

import re

_SPECIAL = re.compile(r"[\\`*\[\]<>|$~#]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])|!(?=\[)")
"""What could be markup; an underscore within a word is none."""
_AT_START = re.compile(r"^(\d+)(?=[.)]\s)|^(?=[-+=]+(\s|$))")


def flat(text: str) -> str:
    """Text on one line, without the characters that steer terminals and break files."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    text = _SPECIAL.sub(lambda found: f"\\{found[0]}", flat(text))
    return _AT_START.sub(lambda found: f"{found[1] or ''}\\", text)
