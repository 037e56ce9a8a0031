"""Counts, shares and times in words."""

from engine.spec.config import RunConfig

_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def count_text(value: float) -> str:
    """A count in three digits: 950, 1.23k, 79.1M."""
    for scale, prefix in _PREFIXES:
        if value >= scale * 0.9995:
            scaled = value / scale
            return f"{scaled:.{max(0, 2 - (scaled >= 9.995) - (scaled >= 99.95))}f}{prefix}"
    return f"{value:.0f}"


def duration_text(seconds: float) -> str:
    """An estimated duration, no more exact than it can be: 40 s, 3 min, 2.5 h, 3 days."""
    if seconds < 57.5:
        return f"{max(5, 5 * round(seconds / 5))} s"
    if seconds < 57 * 60:
        return f"{round(seconds / 60)} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.{int(seconds < 35_000)}f} h"
    return f"{seconds / 86400:.{int(seconds < 10 * 86400)}f} days"


def span_text(low: float, high: float) -> str:
    """A range of durations: 40 s to 3 min, or `about 3 min` where both ends read the same."""
    first, last = duration_text(low), duration_text(high)
    return f"about {last}" if first == last else f"{first} to {last}"


def share_text(share: float) -> str:
    """A share as a percentage: 10 %, 2.5 %."""
    return f"{share * 100:.4g} %"


def rate_text(rate: float) -> str:
    """A learning rate, as short as it is exact."""
    return f"{rate:.6g}"


def warmup_text(config: RunConfig) -> str:
    """The warm-up of a configuration, as a share or in updates, whichever was given."""
    updates = config.schedule.warmup_updates
    return share_text(config.schedule.warmup) if updates is None else f"{updates} u"


def runs_text(count: int) -> str:
    """`1 run` or `5 runs`."""
    return f"{count:,} run{'' if count == 1 else 's'}"
