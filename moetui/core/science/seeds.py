"""How many seeds would decide a difference of the size that was seen."""

from collections.abc import Callable

from moetui.core.science.student import ALPHA, POWER, power

MOST = 10_000
"""Beyond so many seeds a difference is taken for undecidable."""


def seeds_for_pairs(difference: float, sd: float, *, level: float = ALPHA) -> int | None:
    """Pairs of runs with which a paired t test at `level` finds `difference` with power 0.8; `sd` is that within the pairs."""
    if not difference or not sd:
        return None
    size = abs(difference) / sd
    return _least(lambda n: power(size * n**0.5, n - 1, level))


def seeds_for_groups(difference: float, first_sd: float, second_sd: float, *, level: float = ALPHA) -> int | None:
    """Runs in each of two groups with which Welch's t test at `level` finds `difference` with power 0.8."""
    largest = max(first_sd, second_sd)
    if not difference or not largest:
        return None
    # In units of the larger standard deviation, so that no square vanishes.
    first, second = (first_sd / largest) ** 2, (second_sd / largest) ** 2
    df_per_seed = (first + second) ** 2 / (first**2 + second**2)
    size = abs(difference) / largest / (first + second) ** 0.5
    return _least(lambda n: power(size * n**0.5, (n - 1) * df_per_seed, level))


def _least(reached: Callable[[int], float]) -> int | None:
    """The smallest number of seeds from 2 on with enough power, which grows with it; None above `MOST`."""
    high = 2
    while reached(high) < POWER:
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if reached(middle) < POWER else (low, middle)
    return high
