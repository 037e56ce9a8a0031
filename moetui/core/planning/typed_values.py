"""Numbers and times as people type them into a filter."""

import re
import time
from dataclasses import dataclass

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZES = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_FORMATS = (("%Y-%m-%dT%H:%M:%S", 1.0), ("%Y-%m-%dT%H:%M", 60.0), ("%Y-%m-%d", 86400.0))
_BEGUN = re.compile(r"[-+]?(\d+\.?\d*|\.)?(e[-+]?)?")


@dataclass(frozen=True, slots=True)
class Span:
    """What a value means: one number, or all from `low` up to `high`, such as the seconds of a day."""

    low: float
    high: float


def unfinished(text: str) -> bool:
    """Whether this may become a number when somebody types on: nothing yet, `-`, `1e`, `1e-`."""
    return _BEGUN.fullmatch(text) is not None and _float(text) is None


def number(text: str) -> Span | None:
    """`0.05`, `1e-3`, `25%`, `10k`, `79M`."""
    if text.endswith("%"):
        value = _float(text[:-1])
        return None if value is None else Span(value / 100, value / 100)
    value = _float(text)
    if value is None and text:
        value, size = _float(text[:-1]), _SIZES.get(text[-1])
        value = None if value is None or size is None else value * size
    return None if value is None else Span(value, value)


def duration(text: str) -> Span | None:
    """Seconds: `90`, `90s`, `10m`, `2h`, `1d`, `2w`."""
    unit = _UNITS.get(text[-1:])
    value = _float(text if unit is None else text[:-1])
    return None if value is None else Span(value * (unit or 1.0), value * (unit or 1.0))


def moment(text: str) -> Span | None:
    """Local time: `2026-11-01`, `2026-11-01T14:30`, `today`, `yesterday`, or so long ago: `3d`, `12h`."""
    now = time.time()
    if text in ("today", "yesterday"):
        text = time.strftime("%Y-%m-%d", time.localtime(now - (text == "yesterday") * _UNITS["d"]))
    for form, length in _FORMATS:
        try:
            start = time.mktime(time.strptime(text.upper(), form))
        except (ValueError, OverflowError):
            continue
        return Span(start, start + length)
    ago = duration(text) if text[-1:] in _UNITS else None
    return None if ago is None else Span(now - ago.low, now - ago.low)


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
