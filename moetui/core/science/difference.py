"""The difference between two settings: its size, its interval, and whether it is more than the noise between seeds."""

from dataclasses import dataclass
from typing import Literal

from moetui.core.science.groups import Group
from moetui.core.science.measure import Measure
from moetui.core.science.prediction import Prediction
from moetui.core.science.student import ALPHA

Verdict = Literal["better", "worse", "not distinguishable", "no verdict"]
Method = Literal["seeds as blocks", "unpaired", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`first` minus `second`, with the interval `low` to `high` that holds together with those of all pairs of its study (95 %).

    The verdict is read from the interval, so the two never contradict each other. `p` is that of the pair alone, `p_adjusted` the
    same for all pairs at once, on a scale where 0.05 decides. `effect` is the difference in standard deviations between seeds.
    Where `reason` is set, there is no verdict; of a single run, `prediction` tells what the other setting's noise allows.
    """

    first: Group
    second: Group
    measure: Measure
    method: Method = "none"
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    df: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    effect: float | None = None
    reason: str = ""
    prediction: Prediction | None = None

    @property
    def verdict(self) -> Verdict:
        """What `first` is, compared with `second`: better or worse if the interval excludes zero."""
        if self.low is None or self.high is None or self.estimate is None:
            return "no verdict"
        if self.low <= 0.0 <= self.high:
            return "not distinguishable"
        return "better" if self.measure.better(self.estimate, 0.0) else "worse"


def adjusted_to_scale(p: float, level: float) -> float:
    """A p value that is held against `level`, on the scale where 0.05 decides."""
    return min(1.0, p * ALPHA / level)


def why_unjudged(group: Group) -> str:
    """Why a setting cannot be judged; empty if it can. The label of the group stands beside it."""
    if group.diverged:
        runs = group.n + len(group.diverged)
        if runs == 1:
            return "diverged"
        return f"all {runs} runs diverged" if not group.n else f"{len(group.diverged)} of {runs} runs diverged"
    if not group.n:
        return "no run has finished"
    if len(rates := group.rates) > 1:
        return f"{len(rates)} learning rates mixed"
    if group.n == 1:
        return "n = 1"
    return "" if group.spread else "all seeds agree to the last digit, so their noise is not known"
