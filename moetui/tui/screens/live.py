"""The Live screen."""

from typing import ClassVar

from textual.binding import BindingType

from moetui.tui.actions import bindings
from moetui.tui.place import PlaceScreen


class LiveScreen(PlaceScreen):
    """The Live screen."""

    place = "live"
    BINDINGS: ClassVar[list[BindingType]] = bindings("live")
