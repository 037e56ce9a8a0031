"""Eight slots of colour and marker, the same on every screen: the third run is the third slot wherever it is drawn.

The colours keep their distance under the three common forms of colour blindness and are legible on dark and on light
grounds. Each slot has a marker as well, so colour is never the only difference.
"""

from typing import NamedTuple


class Slot(NamedTuple):
    """How one run looks: a colour (#rrggbb), a marker one cell wide, and the marker where only ASCII can be shown."""

    color: str
    marker: str
    ascii_marker: str


PALETTE: tuple[Slot, ...] = (
    Slot("#3a8fd9", "●", "o"),
    Slot("#e08214", "▲", "^"),
    Slot("#1fa187", "■", "#"),
    Slot("#d1495b", "◆", "*"),
    Slot("#a27ddb", "▼", "v"),
    Slot("#9a8f1c", "★", "@"),
    Slot("#38b6cf", "○", "0"),
    Slot("#8c8c8c", "□", "="),
)


def slot(index: int) -> Slot:
    """The slot of the run at `index`, counted from 0; from the ninth on they come round again."""
    return PALETTE[index % len(PALETTE)]
