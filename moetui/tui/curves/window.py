"""Zoom, pan and the inspect cursor along the x axis, as arithmetic."""

from moetui.tui.chart.spec import Range

CLOSEST = 1e-4
"""Part of the whole axis that can still be looked at."""

STEPS = 100
"""Steps of the cursor from one edge of the window to the other."""

WHEEL = 1.25
"""How much closer one step of the wheel goes."""


def selected(ends: Range, full: Range) -> Range | None:
    """The part of the whole axis between two ends, not closer than one can look; None for the whole axis."""
    low, high = (min(max(end, full[0]), full[1]) for end in (min(ends), max(ends)))
    least = (full[1] - full[0]) * CLOSEST
    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    return None if (low, high) == full else _inside((low, high), full)


def zoomed(window: Range, full: Range, factor: float, about: float | None) -> Range | None:
    """A window `factor` times as wide in which `about` (None: the middle) stays where it is; None for the whole axis."""
    low, high = window
    centre = about if about is not None and low <= about <= high else (low + high) / 2
    width = max((high - low) * factor, (full[1] - full[0]) * CLOSEST)
    if width >= full[1] - full[0]:
        return None
    left = centre - (centre - low) / (high - low) * width
    return _inside((left, left + width), full)


def panned(window: Range, full: Range, share: float) -> Range:
    """The window moved by a share of its width, as far as the axis goes."""
    way = (window[1] - window[0]) * share
    return _inside((window[0] + way, window[1] + way), full)


def stepped(cursor: float | None, window: Range, steps: int, *, start: float, whole: bool) -> float:
    """The cursor so many steps on, within the window; it begins at `start`. `whole`: it stands on whole numbers."""
    low, high = window
    size = (high - low) / STEPS
    if whole:
        size = max(round(size), 1)
    place = start if cursor is None else cursor + steps * size
    place = min(max(place, low), high)
    return float(round(place)) if whole else place


def _inside(window: Range, full: Range) -> Range:
    way = max(full[0] - window[0], 0.0) or min(full[1] - window[1], 0.0)
    return window[0] + way, window[1] + way
