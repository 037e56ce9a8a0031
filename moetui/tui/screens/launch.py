"""The Launch screen."""

from typing import ClassVar

from textual.binding import BindingType

from moetui.tui.actions import bindings
from moetui.tui.place import PlaceScreen


class LaunchScreen(PlaceScreen):
    """The Launch screen."""

    place = "launch"
    BINDINGS: ClassVar[list[BindingType]] = bindings("launch")
