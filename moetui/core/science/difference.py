"""The difference between two groups: its size, its interval, and whether it is more than the noise between seeds."""

import math
import statistics
from dataclasses import dataclass, replace
from typing import Any, Literal

from moetui.core.science.groups import Group, Sample
from moetui.core.science.measure import Measure
from moetui.core.science.seeds import seeds_for_groups, seeds_for_pairs
from moetui.core.science.student import ALPHA, quantile, two_sided_p
from moetui.core.science.summary import NO_SPREAD, pooled_sd, variance

Verdict = Literal["better", "worse", "not distinguishable", "no verdict"]
Pairing = Literal["auto", "always", "never"]
Method = Literal["paired", "Welch", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`first` minus `second`, with the 95 % interval `low` to `high`.

    `effect` is the difference in standard deviations between seeds, `seeds_needed` the seeds per group that would decide a
    difference of this size with power 0.8. Where `reason` is set, there is no verdict. Alone, a difference is a family of one;
    `corrected` puts it into a larger one, with Holm's `p_adjusted`.
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
    seeds_needed: int | None = None
    pairs: tuple[tuple[Sample, Sample], ...] = ()
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        """What `first` is, compared with `second`, at the 5 % level after Holm's correction."""
        if self.p_adjusted is None or self.estimate is None:
            return "no verdict"
        if self.p_adjusted >= ALPHA:
            return "not distinguishable"
        return "better" if self.measure.better(self.estimate, 0.0) else "worse"


def difference(first: Group, second: Group, measure: Measure, *, pairing: Pairing = "auto") -> Difference:
    """Compare two groups: by a paired t test where seeds match (see `pairs_of`), else by Welch's."""
    facts: dict[str, Any] = {"first": first, "second": second, "measure": measure}
    if not (first.n and second.n):
        return Difference(**facts, reason=_nothing(first if not first.n else second))
    facts |= {"estimate": first.mean - second.mean, "effect": _effect(first, second)}
    if min(first.n, second.n) == 1:
        return Difference(**facts, reason="n = 1" if first.n == 1 else "n = 1 on the other side")
    pairs = pairs_of(first, second, pairing)
    if pairing == "always" and len(pairs) < 2:
        return Difference(**facts, reason="fewer than two seeds in common")
    return in_family(Difference(**facts | (_paired(pairs) if pairs else _welch(first, second))))


def in_family(one: Difference, p_adjusted: float | None = None, size: int = 1) -> Difference:
    """The difference as one of `size` that are tested together, with the p that this gives it.

    The seeds needed are those at the level that Holm asks of the smallest p, so that they do not promise too much.
    """
    needed = None
    if one.df is not None and one.estimate is not None:
        level = ALPHA / size
        if one.method == "paired":
            needed = seeds_for_pairs(one.estimate, math.sqrt(variance(_gaps(one.pairs))), level=level)
        else:
            a, b = (math.sqrt(variance(group.values)) for group in (one.first, one.second))
            needed = seeds_for_groups(one.estimate, a, b, level=level)
    return replace(one, p_adjusted=one.p if p_adjusted is None else p_adjusted, seeds_needed=needed)


def pairs_of(first: Group, second: Group, pairing: Pairing = "auto") -> tuple[tuple[Sample, Sample], ...]:
    """The runs of two groups that share a seed; empty where the groups are to be compared unpaired.

    `auto` pairs if at least two seeds, and at least half of the larger group, are shared: a few pairs tell less than many runs.
    """
    if pairing == "never":
        return ()
    partners = {sample.record.seed: sample for sample in second.counted if sample.record.seed is not None}
    pairs = tuple((sample, partners[sample.record.seed]) for sample in first.counted if sample.record.seed in partners)
    enough = len(pairs) >= 2 and 2 * len(pairs) >= max(first.n, second.n)
    return pairs if enough or pairing == "always" else ()


def _paired(pairs: tuple[tuple[Sample, Sample], ...]) -> dict[str, Any]:
    gaps = _gaps(pairs)
    size = max(abs(sample.value or 0.0) for pair in pairs for sample in pair)
    estimate, sd = statistics.fmean(gaps), math.sqrt(variance(gaps))
    facts = {"method": "paired", "pairs": pairs, "estimate": estimate}
    if sd <= NO_SPREAD * size:
        return facts | _spreadless(estimate, size)
    return facts | _t_test(estimate, sd / math.sqrt(len(gaps)), len(gaps) - 1)


def _gaps(pairs: tuple[tuple[Sample, Sample], ...]) -> list[float]:
    return [(a.value or 0.0) - (b.value or 0.0) for a, b in pairs]


def _welch(first: Group, second: Group) -> dict[str, Any]:
    a, b = first.values, second.values
    estimate, size = statistics.fmean(a) - statistics.fmean(b), max(map(abs, a + b))
    errors = variance(a) / len(a), variance(b) / len(b)
    total = sum(errors)
    if math.sqrt(total) <= NO_SPREAD * size:
        return {"method": "Welch"} | _spreadless(estimate, size)
    # Relative to the total, so that the square of a very small variance does not vanish (Welch 1947; Satterthwaite 1946).
    df = 1 / ((errors[0] / total) ** 2 / (len(a) - 1) + (errors[1] / total) ** 2 / (len(b) - 1))
    return {"method": "Welch"} | _t_test(estimate, math.sqrt(total), df)


def _t_test(estimate: float, error: float, df: float) -> dict[str, Any]:
    half = quantile(df) * error
    return {"df": df, "low": estimate - half, "high": estimate + half, "p": two_sided_p(estimate / error, df)}


def _spreadless(estimate: float, size: float) -> dict[str, Any]:
    """Seeds that all agree: equal results are not distinguishable, unequal ones cannot be weighed against any noise."""
    if abs(estimate) <= NO_SPREAD * size:
        return {"estimate": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}
    return {"reason": "no spread between the seeds, so their noise is not known"}


def _effect(first: Group, second: Group) -> float | None:
    sd, _ = pooled_sd(first.values, second.values)
    estimate = first.mean - second.mean
    return estimate / sd if sd and sd > NO_SPREAD * max(map(abs, first.values + second.values)) else None


def _nothing(group: Group) -> str:
    if group.diverged:
        runs = len(group.diverged)
        return f"{'the run' if runs == 1 else f'all {runs} runs'} of {group.label} diverged"
    return f"no run of {group.label} has finished"
