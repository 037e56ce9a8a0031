"""How many seeds each setting needs, so that a difference that matters would be found."""

import math
from dataclasses import dataclass

import numpy as np

from moetui.core.science.looks import level_of
from moetui.core.science.simultaneous import all_pairs
from moetui.core.science.student import POWER, power, upper_sd_factor, z_as_t

MOST = 4096
"""Beyond so many seeds a difference is taken for undecidable."""
SURE = 0.8
"""Confidence of the upper limit of the noise (Browne 1995: with it, the power is reached in as many of the studies)."""


@dataclass(frozen=True, slots=True)
class SeedsNeeded:
    """Seeds of each setting with which `difference` (in the unit of the measure) is found with power 0.8.

    `few` is by the noise as it was seen, `many` by the upper 80 % limit of it; None where no number up to `MOST` will do.
    """

    difference: float
    few: int | None
    many: int | None


def seeds_needed(
    difference: float, sd: float, df: float, *, settings: int, queued_at_once: int = 0
) -> SeedsNeeded | None:
    """Seeds that the comparison of all pairs of so many settings takes.

    `difference` is the one that matters to the user, never the one that was seen: that one is noise itself. `sd` is the noise of a
    run of the study and `df` its degrees of freedom. Up to `queued_at_once` seeds are there already without anybody having looked;
    more would have to be added, at the stricter levels of a study that grows.
    """
    if not (difference > 0 and sd > 0 and df > 0 and settings > 1):
        return None
    upper = sd * upper_sd_factor(df, SURE)
    few, many = (_least(difference / (math.sqrt(2) * noise), settings, queued_at_once) for noise in (sd, upper))
    return SeedsNeeded(difference, few, many)


def _least(size: float, settings: int, queued_at_once: int) -> int | None:
    """The smallest number of seeds from 2 on with enough power; `size` is the difference in sd of a paired difference."""
    counts = [*range(2, 33), *(round(32 * math.pow(2, quarter / 4)) for quarter in range(1, 29))]
    return next((seeds for seeds in counts if _found(size, seeds, settings, at_once=seeds <= queued_at_once)), None)


def _found(size: float, seeds: int, settings: int, *, at_once: bool) -> bool:
    df = (
        (settings - 1) * (seeds - 1) if settings < 4 else 2 * seeds
    )  # with more settings, as much as the study lends to a pair
    critical = z_as_t(all_pairs(settings, level_of(seeds, at_once=at_once)), np.array([float(df)]))[0]
    return power(size * math.sqrt(seeds), df, float(critical)) >= POWER
