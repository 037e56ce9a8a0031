"""Eight slots of colour and marker, the same on every screen: the third run is the third slot wherever it is drawn.

The colours keep their distance for normal sight and under the three forms of colour blindness (in OKLab at least 0.09 apart,
simulated after Machado et al., 2009), and a contrast of 3 on a dark ground and 2 on a light one. Terminals of 256 and of 16
colours have colours of their own, since the nearest ones fall together (three slots would be the same magenta). Sixteen keep a
distance of 0.11 for normal sight in the palettes of xterm, of the Linux console and of GNOME; for colour blindness they
do not: each slot has a marker as well, so colour is never the only difference.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Slot(NamedTuple):
    """How one run looks: a colour (#rrggbb), a marker one cell wide, and the marker where only ASCII can be shown."""

    color: str
    marker: str
    ascii_marker: str


PALETTE: tuple[Slot, ...] = (
    Slot("#3a8fd9", "●", "o"),
    Slot("#e07b00", "▲", "^"),
    Slot("#1d7b50", "■", "#"),
    Slot("#b40a93", "◆", "*"),
    Slot("#d30000", "▼", "v"),
    Slot("#8913ee", "★", "@"),
    Slot("#8ca37c", "○", "0"),
    Slot("#ff00bd", "□", "="),
)

CUBE: Mapping[str, int] = dict(zip((one.color for one in PALETTE), (33, 172, 29, 127, 124, 57, 144, 199), strict=True))
"""The number of each slot's colour among 256."""

SIXTEEN: Mapping[str, int] = dict(zip((one.color for one in PALETTE), (12, 3, 2, 5, 1, 4, 6, 13), strict=True))
"""The number of each slot's colour among the 16 of the terminal; the bright cyan, yellow and green are not seen on white."""


def slot(index: int) -> Slot:
    """The slot of the run at `index`, counted from 0; from the ninth on they come round again."""
    return PALETTE[index % len(PALETTE)]
