"""Asks the terminal for the colour of its background (OSC 11), and hears the answer whenever it comes.

The question is asked when the first picture is on the screen, and nobody waits for the answer. Textual 8.2 takes sequences that it
does not know for keys, so answers are taken out of the input before it sees them.
"""

import contextlib
import os
import re
from collections.abc import Iterable
from typing import Final, Literal

from textual import constants
from textual._time import get_time
from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.drivers import linux_driver
from textual.message import Message

from moetui.core.terminal import is_served
from moetui.core.user_state import state_file
from moetui.core.wholefile import replace_file

Ground = Literal["dark", "light"]
FILE: Final = "background"

QUESTION: Final = "\x1b]11;?\x07"
MUTE: Final = frozenset({"linux", "dumb", "unknown", ""})
"""Values of TERM of terminals that do not answer, and may print the question."""

_ANSWER = re.compile(
    r"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})[^\x07\x1b]*(?:\x07|\x1b\\)"
)
_BEGUN = re.compile(r"\x1b\](?:1(?:1(?:;[^\x07\x1b]{0,40}\x1b?)?)?)?\Z")
_ESCAPE = re.compile(r"\x1b\Z")


class GroundTold(Message):
    """The terminal has told its background."""

    def __init__(self, *, light: bool) -> None:
        super().__init__()
        self.light = light


class GroundParser(XTermParser):
    """Takes answers out of the input. What may be the beginning of one is held back as long as Textual waits after an escape."""

    awaited = False
    """Whether the question was asked and has no answer yet: then an escape may be the beginning of one."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._held = ""
        self._until = 0.0

    def feed(self, data: str) -> Iterable[Message]:
        """The messages of some input; an empty one is its end."""
        data, self._held = self._held + data, ""
        if not data:
            yield from super().feed("")
            return
        for answer in _ANSWER.finditer(data):
            type(self).awaited = False
            yield GroundTold(light=is_light(answer[1], answer[2], answer[3]))
        data = _ANSWER.sub("", data)
        if begun := _BEGUN.search(data) or (_ESCAPE.search(data) if self.awaited else None):
            data, self._held = data[: begun.start()], begun[0]
            self._until = get_time() + constants.ESCAPE_DELAY
        if data:
            yield from super().feed(data)

    def tick(self) -> Iterable[Message]:
        """The messages that waited for more input for too long."""
        if self._held and get_time() >= self._until:
            held, self._held = self._held, ""
            yield from super().feed(held)
        yield from super().tick()


def is_light(red: str, green: str, blue: str) -> bool:
    """Whether a colour of hexadecimal parts, each of any number of digits, is nearer to white than to black (ITU-R BT.709)."""
    parts = (int(part, 16) / (16 ** len(part) - 1) for part in (red, green, blue))
    brightness: float = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))
    return brightness > 0.5


def listen() -> None:
    """Let the input of every application that is started from now on go through `GroundParser`."""
    setattr(linux_driver, "XTermParser", GroundParser)  # noqa: B010  # a name that the module does not export


def ask(driver: Driver | None) -> None:
    """Ask, if there is a terminal that may answer."""
    if driver is not None and not driver.is_headless and not is_served() and os.environ.get("TERM", "") not in MUTE:
        GroundParser.awaited = True
        driver.write(QUESTION)
        driver.flush()


def remembered_ground() -> Ground:
    """The background that a terminal told last: what a program begins with until it is told again; dark without any."""
    with contextlib.suppress(OSError):
        return "light" if state_file(FILE).read_bytes().strip() == b"light" else "dark"
    return "dark"


def remember_ground(ground: Ground) -> None:
    """Begin with this background from now on, if that can be written."""
    with contextlib.suppress(OSError):
        path = state_file(FILE)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(replace_file(path, f"{ground}\n".encode()))
