"""A claim of a document with its conclusion by each measure, and the words that evidence is put in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.stats import ttest_rel

from moetui.core.science.comparison import Comparison
from moetui.core.science.difference import Difference
from moetui.core.science.groups import Group
from moetui.core.science.measure import LOSS, MEASURES, Measure
from pictures.studies.conclusions import Conclusion
from pictures.studies.gathered import short

ACCURACY = MEASURES["val_accuracy"]


@dataclass(frozen=True, slots=True)
class Claim:
    """`text` is what the document says, `evidence` what the runs say. `by` has the conclusion for each measure that was asked."""

    text: str
    by: tuple[tuple[str, Conclusion], ...]
    evidence: str

    @property
    def conclusion(self) -> str:
        """The conclusion, one for each measure where they differ: `by loss open, by accuracy holds here`."""
        if len({conclusion for _, conclusion in self.by}) == 1:
            return self.by[0][1]
        return ", ".join(f"by {measure} {conclusion}" for measure, conclusion in self.by)


def amount(value: float, measure: Measure = LOSS) -> str:
    """A value on the page: nats with three digits, accuracies in percent with two."""
    return f"{100 * value:.2f} %" if measure.key == ACCURACY.key else f"{value:.3f}"


def gap(difference: Difference) -> str:
    """A difference with half its simultaneous interval, in nats or in percentage points: `+0.059 ± 0.075`."""
    if difference.estimate is None or difference.low is None or difference.high is None:
        return f"no verdict ({difference.reason})"
    points = difference.measure.key == ACCURACY.key
    scale, digits = (100, 2) if points else (1, 3)
    half = (difference.high - difference.low) / 2
    text = f"{scale * difference.estimate:+.{digits}f} ± {scale * half:.{digits}f}"
    return f"{text} points" if points else text


def listed(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, final = words
    return f"{', '.join(most)} {last} {final}" if most else final


def may_be(comparison: Comparison, what: str = "best") -> str:
    """A sentence on which settings may be the best, or the worst."""
    names = [short(candidate.group) for candidate in comparison.candidates]
    title = comparison.measure.key.removeprefix("val_")
    judged = len(comparison.judged)
    of = f" of the {judged} that can be judged" if judged < len(comparison.groups) else ""
    if not names:
        return f"By {title}, there is no verdict on the {what}."
    if len(names) == 1:
        return f"By {title}, {names[0]} is the {what}{of} (95 %)."
    return f"By {title}, the {what}{of} is {listed(names, 'or')} (95 %)."


def against(comparison: Comparison, reference: Group) -> str:
    """All other settings with their difference from one of them: `0.3 by +0.376 ± 0.356, …`."""
    others = [group for group in comparison.groups if group.key != reference.key]
    return ", ".join(f"{short(group)} by {gap(comparison.between(group, reference))}" for group in others)


def close_calls(comparison: Comparison, reference: Group) -> str:
    """A sentence on the verdicts that a paired t test of two settings alone does not give; empty if there are none.

    Its p values are corrected over all pairs by Bonferroni's rule.
    """
    found = []
    for group in comparison.groups:
        if group.key == reference.key or comparison.between(group, reference).verdict == "not distinguishable":
            continue
        p = min(1.0, comparison.family * paired_p(by_seed(group), by_seed(reference)))
        if p > 0.05:
            found.append(f"{short(group)} (p = {p:.2f})")
    if not found:
        return ""
    return (
        f"These verdicts use the noise of the whole study: a paired t test of two settings alone, corrected over the "
        f"{comparison.family} pairs (Bonferroni), would not give {'that' if len(found) == 1 else 'those'} on {listed(found)}."
    )


def by_seed(group: Group) -> list[float]:
    """The values of a setting in the order of their seeds."""
    return [value for _, value in sorted((sample.record.seed or 0, sample.value or 0.0) for sample in group.counted)]


def paired_p(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p of the paired t test (Student 1908)."""
    return float(ttest_rel(first, second).pvalue)
