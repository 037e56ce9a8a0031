"""Comparisons in sentences, which never say more than the runs do."""

from collections import Counter
from collections.abc import Iterator, Sequence

from moetui.core.science.comparison import Comparison
from moetui.core.science.difference import Difference, Verdict
from moetui.core.science.groups import Group
from moetui.core.science.measure import Measure

NAMED = 4
"""So many settings are named one by one; the rest is counted."""


def conclusion(comparison: Comparison) -> str:
    """What a comparison says: which setting leads, and which others it can and cannot be told from."""
    measure = comparison.measure
    with_value = [group for group in comparison.groups if group.n]
    if not with_value:
        return f"No run has finished with a {measure.title}, so there is nothing to compare."
    best = comparison.reference if comparison.against == "best" and comparison.reference else with_value[0]
    lead = (
        f"{'Lowest' if measure.lower_is_better else 'Highest'} {measure.title}: {best.label}, {mean_of(best, measure)}"
    )
    if len(with_value) == 1:
        return f"{lead}; the only setting that finished."
    if all(group.n == 1 for group in with_value):
        behind = abs(next(g for g in with_value if g is not best).mean - best.mean)
        amount = f"{measure.gap(behind)} {measure.unit}".strip()
        return f"{lead}, {amount} from the next; one seed each: no verdict."
    if comparison.against == "all":
        return f"{lead}. {_tally(comparison)}"
    return " ".join([f"{lead}.", *_verdicts(comparison)])


def mean_of(group: Group, measure: Measure) -> str:
    """The mean with its interval and the number of runs: `5.1552 [5.1462, 5.1641] (n = 5)`."""
    summary = group.summary
    if summary.low is None:
        return measure.text(summary.mean)
    return f"{measure.text(summary.mean)} {interval(summary.low, summary.high, measure)} (n = {summary.n})"


def interval(low: float | None, high: float | None, measure: Measure) -> str:
    """A 95 % interval in brackets."""
    return "–" if low is None or high is None else f"[{measure.gap(low)}, {measure.gap(high)}]"


def spread(value: float | None, low: float | None, high: float | None, measure: Measure, *, sign: str = "") -> str:
    """A value with half its 95 % interval, which is symmetric: `5.1552 ± 0.0090`."""
    text = f"{sign}{measure.gap(value)}"
    return text if low is None or high is None else f"{text} ± {measure.gap((high - low) / 2)}"


def judgement(one: Difference) -> str:
    """The verdict, or why there is none."""
    return f"{one.verdict} ({one.reason})" if one.reason else one.verdict


def _verdicts(comparison: Comparison) -> Iterator[str]:
    reference = comparison.reference
    if reference is None:
        return
    name = "It" if comparison.against == "best" else reference.label

    def labels(verdict: Verdict) -> list[str]:
        return [one.first.label for one in comparison.differences if one.verdict == verdict and one.first.n]

    if worse := labels("worse"):
        yield f"{name} is better than {_list(worse)}."
    if better := labels("better"):
        yield f"{name} is worse than {_list(better)}."
    if alike := labels("not distinguishable"):
        yield f"Not distinguishable from {reference.label if name != 'It' else 'it'}: {_list(alike)}."
    if unknown := labels("no verdict"):
        yield f"No verdict on {_list(unknown)}{_why(comparison)}."


def _tally(comparison: Comparison) -> str:
    verdicts = Counter(one.verdict for one in comparison.differences)
    decided = verdicts["better"] + verdicts["worse"]
    parts = [
        (decided, "decided"),
        (verdicts["not distinguishable"], "not distinguishable"),
        (verdicts["no verdict"], "without a verdict"),
    ]
    return f"Of {len(comparison.differences)} pairs: {', '.join(f'{n} {word}' for n, word in parts if n)}."


def _why(comparison: Comparison) -> str:
    single = all(min(one.first.n, one.second.n) == 1 for one in comparison.differences if one.reason and one.first.n)
    return ": one seed only" if single else ""


def without_value(groups: Sequence[Group]) -> Iterator[str]:
    """The runs that have no value, each with its reason; divergences first."""
    for group in groups:
        if diverged := group.diverged:
            which = ", ".join(f"{sample.record.id}: {sample.reason}" for sample in diverged)
            yield f"{group.label}: {len(diverged)} of {group.n + len(diverged)} diverged ({which})"
    for group in groups:
        for sample in group.left_out:
            yield f"{group.label}: {sample.record.id} is left out: {sample.reason}"


def _list(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return ", ".join(labels[:NAMED]) + more
