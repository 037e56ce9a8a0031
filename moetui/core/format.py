"""Numbers and times as people read them; the same words on the command line and in the terminal interface."""

import math
import time


def loss(value: float | None) -> str:
    """Nats per token: 5.156; large or non-finite values stay short."""
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 1e4 else number(value)


def percent(fraction: float | None, digits: int = 2) -> str:
    """A fraction as a percentage: 0.2519 is 25.19 %."""
    return (
        "–" if fraction is None else f"{100 * fraction:.{digits}f} %" if math.isfinite(fraction) else number(fraction)
    )


def number(value: float | None) -> str:
    """Any number in four significant digits: 0.065, 1652, 1.2e+06."""
    if value is None:
        return "–"
    if math.isnan(value):
        return "nan"
    return f"{value:.4g}"


def count(value: float | None) -> str:
    """A large count with its unit: 79.1M, 53.5k."""
    if value is None:
        return "–"
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            scaled = value / size
            return f"{scaled:.0f}{unit}" if scaled >= 100 else f"{scaled:.1f}{unit}"
    return f"{value:.0f}"


def duration(seconds: float | None) -> str:
    """A length of time: 20.5 s below a minute, 3:50, 1:02:03, 2 d 4 h."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment(seconds: float | None) -> str:
    """A point in time, local: today's as 14:03, others as 2025-11-09 14:03."""
    if not seconds:
        return "–"
    then, today = time.localtime(seconds), time.localtime()
    return time.strftime("%H:%M:%S" if then[:3] == today[:3] else "%Y-%m-%d %H:%M", then)
