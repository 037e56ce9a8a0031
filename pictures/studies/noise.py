"""How far runs of one setting scatter: with the same seed as another setting, and with another seed."""

import math
from dataclasses import dataclass

import numpy as np

from moetui.core.science.comparison import Comparison


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviations of a study in the unit of its measure.

    `same_seed` and `other_seed` are those of the difference between two single runs that should not differ, with the same and with
    different seeds; `lowest` and `highest` the smallest and the largest of one setting's runs. `df` belongs to `same_seed`.
    """

    same_seed: float
    other_seed: float
    lowest: float
    highest: float
    settings: int
    df: int

    def least_difference(self, level: float = 0.05) -> float:
        """The difference that stands out between single runs of all settings with one seed, by Tukey's range (1953)."""
        from scipy.stats import studentized_range

        return float(studentized_range.ppf(1 - level, self.settings, self.df)) * self.same_seed / math.sqrt(2)


def noise_of(comparison: Comparison) -> Noise:
    """Two-way analysis of variance: what is left of the runs when the means of settings and of seeds are taken out.

    Raises `ValueError` unless every setting was run with the same seeds.
    """
    table = by_seed(comparison)
    settings, seeds = table.shape
    own = table - table.mean(axis=1, keepdims=True)
    rest = own - own.mean(axis=0)
    df = (settings - 1) * (seeds - 1)
    within = (own**2).sum(axis=1) / (seeds - 1)
    return Noise(
        same_seed=math.sqrt(2 * float((rest**2).sum()) / df),
        other_seed=math.sqrt(2 * float(within.mean())),
        lowest=math.sqrt(float(within.min())),
        highest=math.sqrt(float(within.max())),
        settings=settings,
        df=df,
    )


def by_seed(comparison: Comparison) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The values of all settings, a row for each in the order of the comparison, a column for each seed in ascending order."""
    rows = [
        sorted((sample.record.seed or 0, sample.value or 0.0) for sample in group.counted)
        for group in comparison.groups
    ]
    seeds = {tuple(seed for seed, _ in row) for row in rows}
    if len(seeds) != 1:
        raise ValueError("the settings were not run with the same seeds")
    return np.array([[value for _, value in row] for row in rows])
