"""Comparisons in sentences, which never say more than the runs do."""

from collections import Counter
from collections.abc import Iterator, Sequence

from moetui.core.science.comparison import Comparison
from moetui.core.science.difference import Difference, Verdict
from moetui.core.science.groups import Group
from moetui.core.science.measure import Measure
from moetui.core.science.seeds import SeedsNeeded

NAMED = 4
"""So many settings are named one by one; the rest is counted."""


def answer(comparison: Comparison, name: str) -> str:
    """The leading setting, which the caller calls `name`, in a few words, and how sure it is to be the best; empty without one."""
    best, candidates = comparison.best, comparison.candidates
    if best is None:
        return ""
    if len(comparison.judged) < 2 or not candidates:
        return f"{'lowest' if comparison.measure.lower_is_better else 'highest'} {name}, no verdict"
    if len(candidates) == 1:
        return f"best {name} (95 %)"
    return f"best {name} or one of {len(candidates) - 1} more (95 %)"


def conclusion(comparison: Comparison) -> str:
    """What a comparison says: which setting leads, which others it can and cannot be told from, and which may be the best."""
    measure, best = comparison.measure, comparison.best
    with_value = [group for group in comparison.groups if group.n]
    if not with_value:
        diverged = any(group.diverged for group in comparison.groups)
        why = "Every run diverged" if diverged else f"No run has finished with a {measure.title}"
        return f"{why}, so there is nothing to compare."
    if best is None:
        return "In every setting a run diverged or several learning rates are mixed, so none is the best."
    singles = all(group.n == 1 for group in with_value)
    value = measure.text(best.mean) if singles else mean_of(best, measure)
    lead = f"{'Lowest' if measure.lower_is_better else 'Highest'} {measure.title}: {best.label}, {value}"
    if len(with_value) == 1:
        return f"{lead}; the only setting that finished."
    if singles:
        behind = abs(next(g for g in with_value if g is not best).mean - best.mean)
        return f"{lead}, {amount(behind, measure)} from the next; one seed each: no verdict."
    said = [_tally(comparison)] if comparison.against == "all" else list(_verdicts(comparison))
    return " ".join([f"{lead}.", *said, *_corrected(comparison), *_may_be_best(comparison), *predictions(comparison)])


def _corrected(comparison: Comparison) -> Iterator[str]:
    """That the interval and the verdicts answer different questions, where they stand side by side and may seem to disagree."""
    best = comparison.best
    if comparison.family > 1 and best is not None and best.spread and len(best.rates) < 2 and comparison.differences:
        yield f"The interval in brackets is its own, uncorrected; the verdicts are corrected for all {comparison.family} pairs."


def _may_be_best(comparison: Comparison) -> Iterator[str]:
    """Which settings may be the best, what taking the first of them costs at most, and what would tell them apart."""
    measure, candidates = comparison.measure, comparison.candidates
    if len(comparison.judged) < 2 or not candidates:
        return
    first = candidates[0].group.label
    if len(candidates) == 1:
        yield f"With 95 % confidence {first} is the best of the {len(comparison.judged)} that can be judged."
        return
    cost = bound(candidates[0].costs_at_most, measure)
    labels = [candidate.group.label for candidate in candidates]
    yield f"With 95 % confidence the best is one of {_list(labels)}; taking {first} costs at most {cost}."
    if (needed := comparison.seeds_needed) and (span := seed_span(needed)):
        yield f"To find a difference of {amount(needed.difference, measure)} takes {span} seeds each."


def seed_span(needed: SeedsNeeded) -> str:
    """Seeds by the noise as seen, and as it may be at most: `5 to 8`; empty where no number will do."""
    if needed.few is None:
        return ""
    if needed.many is None:
        return f"{needed.few} or more"
    return f"{needed.few}" if needed.many == needed.few else f"{needed.few} to {needed.many}"


def predictions(comparison: Comparison) -> Iterator[str]:
    """What the noise of replicated settings allows of the single runs beside them."""
    measure = comparison.measure
    for one in comparison.differences:
        if (found := one.prediction) is None:
            continue
        single = one.first if one.first.n == 1 else one.second
        side = "within" if found.inside else "outside of"
        yield (
            f"{single.label} is one run: no verdict on its setting; it lies {side} what another run of {found.group.label} "
            f"would reach by its {found.group.n} runs, {measure.gap(found.low)} to {measure.gap(found.high)} "
            f"(prediction interval, 95 %{f', {found.runs} single runs together' if found.runs > 1 else ''})."
        )


def amount(value: float, measure: Measure) -> str:
    """A difference with its unit."""
    return f"{measure.gap(value)} {measure.unit}".strip()


def bound(value: float, measure: Measure) -> str:
    """An upper bound of a difference with its unit."""
    return f"{measure.bound(value)} {measure.unit}".strip()


def mean_of(group: Group, measure: Measure) -> str:
    """The mean with its interval and the number of runs: `5.1552 [5.1462, 5.1641] (n = 5)`."""
    summary = group.summary
    if len(rates := group.rates) > 1:
        span = f"{len(rates)} learning rates, {rates[0]:g} to {rates[-1]:g}"
        return f"{measure.text(summary.mean)} over {span}, which is no mean of seeds"
    if group.n > 1 and not group.spread:
        return f"{measure.text(summary.mean)} in all {group.n} runs, to the last digit"
    if summary.low is None:
        return f"{measure.text(summary.mean)} (one run)"
    return f"{measure.text(summary.mean)} {interval(summary.low, summary.high, measure)} (n = {summary.n})"


def interval(low: float | None, high: float | None, measure: Measure) -> str:
    """A 95 % interval in brackets."""
    return "–" if low is None or high is None else f"[{measure.gap(low)}, {measure.gap(high)}]"


def spread(value: float | None, low: float | None, high: float | None, measure: Measure, *, sign: str = "") -> str:
    """A value with half its 95 % interval, which is symmetric: `5.1552 ± 0.0090`."""
    text = f"{sign}{measure.gap(value)}"
    return text if low is None or high is None else f"{text} ± {measure.gap((high - low) / 2)}"


def judgement(one: Difference) -> str:
    """The verdict, or why there is none; of a single run also whether the other setting's noise allows it."""
    if not one.reason:
        return one.verdict
    said = f"{one.verdict} ({one.reason}"
    if one.prediction is not None:
        side = "within" if one.prediction.inside else "outside"
        said += f"; {side} prediction, {abs(one.prediction.distance):.1f} sd"
    return f"{said})"


def _verdicts(comparison: Comparison) -> Iterator[str]:
    reference = comparison.reference
    if reference is None:
        yield "The first setting cannot be a reference, as runs of it diverged."
        return
    name = "It" if reference is comparison.best else reference.label

    def labels(verdict: Verdict) -> list[str]:
        return [one.first.label for one in comparison.differences if one.verdict == verdict and one.first.n]

    if worse := labels("worse"):
        every = len(worse) == sum(one.first.n > 0 for one in comparison.differences)
        yield f"{name} is better than {f'all {len(worse)} others' if every and len(worse) > 2 else _list(worse)}."
    if better := labels("better"):
        yield f"{name} is worse than {_list(better)}."
    if alike := labels("not distinguishable"):
        yield f"Not distinguishable from {reference.label if name != 'It' else 'it'}: {_list(alike)}."
    if unknown := [one for one in comparison.differences if one.verdict == "no verdict" and one.first.n]:
        yield f"No verdict on {_list([one.first.label for one in unknown])}{_why(unknown)}."


def _tally(comparison: Comparison) -> str:
    verdicts = Counter(one.verdict for one in comparison.differences)
    decided = verdicts["better"] + verdicts["worse"]
    parts = [
        (decided, "decided"),
        (verdicts["not distinguishable"], "not distinguishable"),
        (verdicts["no verdict"], "without a verdict"),
    ]
    return f"Of {len(comparison.differences)} pairs: {', '.join(f'{n} {word}' for n, word in parts if n)}."


def _why(unknown: Sequence[Difference]) -> str:
    single = all(min(one.first.n, one.second.n) == 1 and not one.first.diverged for one in unknown)
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
