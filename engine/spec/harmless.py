"""Text from outside made harmless for a terminal: the one place that knows which characters a terminal takes for orders.

Names, notes, findings, titles, file names, messages of errors and lines of logs may hold anything. Control characters (C0, DEL and
C1, ESC and thereby every escape sequence among them) and the controls of writing direction and of lines take no cell of a terminal:
they are removed, and a line keeps its width. Half of a surrogate pair, which is no character and cannot be encoded, becomes `?`.
"""

import contextlib
import re
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

_ORDERS = (
    "\x00-\x08\x0b-\x1f"  # C0 without tab and line feed
    "\x7f-\x9f"  # DEL and C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # writing direction, UAX #9, and deprecated format characters
    "\u2028\u2029\ufff9-\ufffb"  # ends of lines and paragraphs, annotations
)
_ORDER = re.compile(f"[{_ORDERS}]")
_HALF = re.compile("[\ud800-\udfff]")
_HARMFUL = re.compile(f"[{_ORDERS}\ud800-\udfff]")

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, movements
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-Z\\^-~]"  # the others
)


def harmless(text: str) -> str:
    """The text without what a terminal takes for orders; tabs and line feeds stay."""
    if text.isascii() and text.isprintable():
        return text
    return _HALF.sub("?", _ORDER.sub("", text))


def harmless_json(text: str) -> str:
    """JSON of the same value in which no harmful character is left as it is: those that stand in strings are escaped."""
    return _HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """The text with a space for each stretch of spaces, tabs and ends of lines."""
    return " ".join(text.split())


def without_sequences(text: str) -> str:
    """The text harmless, and without the remains of whole escape sequences, such as the colours of a progress bar."""
    return harmless(_SEQUENCE.sub("", text))


class HarmlessStream:
    """A text stream whose written text is made harmless on the way; `inner` is the stream itself, for orders of our own."""

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        """Write the text made harmless."""
        return self.inner.write(harmless(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@contextlib.contextmanager
def harmless_output() -> Iterator[None]:
    """Make everything harmless that is printed on stdout and stderr meanwhile."""
    out, err = (cast("TextIO", HarmlessStream(stream)) for stream in (sys.stdout, sys.stderr))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield


def own_stream(stream: TextIO) -> TextIO:
    """The stream below one that makes text harmless; for those who write orders of their own around text made harmless."""
    return stream.inner if isinstance(stream, HarmlessStream) else stream
