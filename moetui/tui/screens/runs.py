"""The Runs screen."""

from typing import ClassVar

from textual.binding import BindingType

from moetui.tui.actions import bindings
from moetui.tui.place import PlaceScreen


class RunsScreen(PlaceScreen):
    """The Runs screen."""

    place = "runs"
    BINDINGS: ClassVar[list[BindingType]] = bindings("runs")
