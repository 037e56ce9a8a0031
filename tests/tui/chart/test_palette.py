"""The slots that tell runs apart."""

import itertools
import math
import unicodedata
from collections.abc import Mapping, Sequence

import pytest
from rich.color import Color

from moetui.tui.chart.palette import CUBE, PALETTE, SIXTEEN, slot

Colour = tuple[float, ...]

SIGHTS: Mapping[str, Sequence[Sequence[float]]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}

TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)

TERMINALS: Mapping[str, Sequence[str]] = {
    name: ["#" + color for color in colors.split()]
    for name, colors in {
        "xterm": "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
        "linux": "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
        "gnome": "000000 cc0000 4e9a06 c4a000 3465a4 75507b 06989a d3d7cf 555753 ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2 eeeeec",
    }.items()
}
"""Their sixteen colours."""


def test_eight_slots_differ_in_colour_and_in_both_markers() -> None:
    assert len(PALETTE) == 8
    assert all(len(set(column)) == 8 for column in zip(*PALETTE, strict=True))


def test_every_marker_fills_one_cell() -> None:
    assert all(len(marker) == 1 for _, *markers in PALETTE for marker in markers)
    assert not any(unicodedata.east_asian_width(one.marker) in "WF" for one in PALETTE)
    assert all(one.ascii_marker.isascii() for one in PALETTE)


def test_the_ninth_run_starts_the_palette_again() -> None:
    assert slot(8) == slot(0)


@pytest.mark.parametrize("colors", [[one.color for one in PALETTE], [*CUBE.values()]], ids=["true", "256"])
def test_colours_are_legible_on_dark_and_on_light_grounds(colors: Sequence[str | int]) -> None:
    for color in map(triplet, colors):
        assert contrast(color, triplet("#121212")) > 2.4
        assert contrast(color, triplet("#ffffff")) > 2.2


@pytest.mark.parametrize("colors", [[one.color for one in PALETTE], [*CUBE.values()]], ids=["true", "256"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_all_colours_are_told_apart_whatever_ones_sight(colors: Sequence[str | int], sight: str) -> None:
    seen = [seen_by(triplet(color), sight) for color in colors]
    assert min(distance(one, two) for one, two in itertools.combinations(seen, 2)) > 0.09


@pytest.mark.parametrize("ground", ["#121212", "#ffffff"])
def test_dimmed_colours_are_told_apart(ground: str) -> None:
    dimmed = [
        tuple((one + two) / 2 for one, two in zip(triplet(slot.color), triplet(ground), strict=True))
        for slot in PALETTE
    ]
    assert min(distance(one, two) for one, two in itertools.combinations(dimmed, 2)) > 0.07


@pytest.mark.parametrize("name", TERMINALS)
def test_sixteen_colours_are_told_apart_in_the_palettes_of_common_terminals(name: str) -> None:
    colors = [triplet(TERMINALS[name][number]) for number in SIXTEEN.values()]
    assert min(distance(one, two) for one, two in itertools.combinations(colors, 2)) > 0.11
    assert all(contrast(color, (0, 0, 0)) > 1.2 and contrast(color, (255, 255, 255)) > 1.2 for color in colors)


def triplet(color: str | int) -> Colour:
    """Red, green and blue, from 0 to 255, of a name or of a number among 256."""
    found = Color.from_ansi(color) if isinstance(color, int) else Color.parse(color)
    return tuple(found.get_truecolor())


def linear(part: float) -> float:
    part /= 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def contrast(one: Colour, two: Colour) -> float:
    """The contrast of WCAG 2."""
    low, high = sorted(
        sum(w * linear(part) for w, part in zip((0.2126, 0.7152, 0.0722), c, strict=True)) for c in (one, two)
    )
    return (high + 0.05) / (low + 0.05)


def seen_by(color: Colour, sight: str) -> Colour:
    """The colour as somebody with a colour blindness sees it (Machado et al., 2009, severity 1)."""
    parts = [linear(part) for part in color]
    mixed = [min(max(sum(w * part for w, part in zip(row, parts, strict=True)), 0.0), 1.0) for row in SIGHTS[sight]]
    return tuple(255 * (12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055) for part in mixed)


def distance(one: Colour, two: Colour) -> float:
    """The distance in OKLab (Ottosson, 2020)."""
    return math.dist(oklab(one), oklab(two))


def oklab(color: Colour) -> Colour:
    parts = [linear(part) for part in color]
    cones = [sum(w * part for w, part in zip(row, parts, strict=True)) ** (1 / 3) for row in TO_CONES]
    return tuple(sum(w * cone for w, cone in zip(row, cones, strict=True)) for row in TO_LAB)
