"""The main screens in the order of their keys: the head line, the keys and the command palette have them from here."""

from typing import Final, NamedTuple


class MainPlace(NamedTuple):
    """A main screen: its name, and what one does there."""

    name: str
    about: str

    @property
    def title(self) -> str:
        """The name as people read it."""
        return self.name.capitalize()


PLACES: Final = (
    MainPlace("launch", "choose presets and start runs"),
    MainPlace("live", "watch the runs that train now"),
    MainPlace("runs", "browse and compare everything recorded"),
    MainPlace("compare", "which learning rate is best, and how sure that is"),
    MainPlace("devices", "what the machine does, and what waits for it"),
)
