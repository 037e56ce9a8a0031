"""The slots that tell runs apart."""

import unicodedata

from moetui.tui.chart.palette import PALETTE, slot


def test_eight_slots_differ_in_colour_and_in_both_markers() -> None:
    assert len(PALETTE) == 8
    assert all(len(set(column)) == 8 for column in zip(*PALETTE, strict=True))


def test_every_marker_fills_one_cell() -> None:
    assert all(len(marker) == 1 for _, *markers in PALETTE for marker in markers)
    assert not any(unicodedata.east_asian_width(one.marker) in "WF" for one in PALETTE)
    assert all(one.ascii_marker.isascii() for one in PALETTE)


def test_the_ninth_run_starts_the_palette_again() -> None:
    assert slot(8) == slot(0)


def test_colours_are_legible_on_dark_and_on_light_grounds() -> None:
    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(one: str, two: str) -> float:
        low, high = sorted((luminance(one), luminance(two)))
        return (high + 0.05) / (low + 0.05)

    assert all(contrast(one.color, "#121212") > 2.95 and contrast(one.color, "#e0e0e0") > 2 for one in PALETTE)
