"""What one sees of a running app."""

import time
from collections.abc import Callable

from textual.app import App
from textual.pilot import Pilot


def seen(app: App[None]) -> str:
    """Everything on the screen, as text."""
    return "\n".join("".join(part.text for part in strip) for strip in app.screen._compositor.render_strips())


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the app work until the condition holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, seen(pilot.app)
        await pilot.pause(0.05)


async def shows(pilot: Pilot[None], words: str) -> None:
    """Let the app work until these words are on the screen."""
    await until(pilot, lambda: words in seen(pilot.app))
