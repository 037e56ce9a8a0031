"""One run beside several: whether it lies where the noise of these would let another run of theirs lie."""

import math
from dataclasses import dataclass

from moetui.core.science.groups import Group
from moetui.core.science.student import ALPHA, quantile
from moetui.core.science.summary import NO_SPREAD


@dataclass(frozen=True, slots=True)
class Prediction:
    """Where one more run of `group` lies with 95 %, all `runs` that are held against such an interval together.

    `value` is that of the single run; `inside` tells whether it is one that the group's own noise allows. It says nothing of the
    mean of the single run's setting, whose noise is not known.
    """

    group: Group
    value: float
    low: float
    high: float
    runs: int

    @property
    def inside(self) -> bool:
        """Whether another run of the group could have had this value."""
        return self.low <= self.value <= self.high

    @property
    def distance(self) -> float:
        """How far the run is from the mean of the group, in standard deviations of the group."""
        sd = self.group.summary.sd
        return (self.value - self.group.mean) / sd if sd else math.inf


def predict(group: Group, value: float, *, runs: int = 1) -> Prediction | None:
    """x̄ ± t(n−1) · s · √(1 + 1/n) at the level 0.05/`runs` (Bonferroni); None if the group tells nothing of its noise.

    The noise is the group's own. That of a whole study would be wrong in a third of cases for a setting three times as noisy.
    """
    summary = group.summary
    if summary.n < 2 or summary.mean is None or not summary.sd or summary.sd <= NO_SPREAD * abs(summary.mean):
        return None
    half = quantile(summary.n - 1, ALPHA / runs) * summary.sd * math.sqrt(1 + 1 / summary.n)
    return Prediction(group, value, summary.mean - half, summary.mean + half, runs)
