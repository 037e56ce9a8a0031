"""The classes of the main screens (`places`). Each is imported when it is first opened: the first picture does not wait for all."""

from collections.abc import Callable
from typing import Any, Final

from textual.screen import Screen

from moetui.tui.place import PlaceScreen


def _launch() -> PlaceScreen:
    from moetui.tui.launch.screen import LaunchScreen

    return LaunchScreen()


def _live() -> PlaceScreen:
    from moetui.tui.live.screen import LiveScreen

    return LiveScreen()


def _runs() -> PlaceScreen:
    from moetui.tui.runs.screen import RunsScreen

    return RunsScreen()


def _compare() -> PlaceScreen:
    from moetui.tui.compare.screen import CompareScreen

    return CompareScreen()


def _devices() -> PlaceScreen:
    from moetui.tui.devices.screen import DevicesScreen

    return DevicesScreen()


SCREENS: Final[dict[str, str | Callable[[], Screen[Any]]]] = {
    "launch": _launch,
    "live": _live,
    "runs": _runs,
    "compare": _compare,
    "devices": _devices,
}
