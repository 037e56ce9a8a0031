"""The cells of tables about settings: their values, the verdicts on them, and their costs."""

from collections.abc import Iterator, Mapping

from moetui.core import format as fmt
from moetui.core.science import wording
from moetui.core.science.comparison import Comparison
from moetui.core.science.difference import Difference
from moetui.core.science.groups import Group
from moetui.core.science.measure import Measure
from moetui.core.science.pareto import Priced
from moetui.core.science.response import Response

VALUE_HEADERS = ("n", "diverged", "mean", "sd")
VERDICT_HEADERS = ("difference", "seed sd", "verdict", "at most")
RESPONSE_HEADERS = ("lr", *VALUE_HEADERS, "zone", *VERDICT_HEADERS)
NUMBERS = ("lr", "n", "diverged", "mean", "sd", "difference", "seed sd", "at most")
"""The columns that hold numbers."""


def legend(comparison: Comparison, reference: str) -> str:
    """The line above a table of values and verdicts."""
    blocks = ", seeds as blocks" if comparison.blocks else ""
    family = f" of all {comparison.family} pairs" if comparison.family > 1 else ""
    return (
        f"{comparison.measure.title}; mean ± half its own 95 % interval; difference from {reference} ± half the interval "
        f"that holds for those{family} together (95 %{blocks}); at most: what taking a setting costs that may be the best"
    )


def response_legend(response: Response) -> str:
    """The line above the table of a response."""
    return legend(response.comparison, f"{response.reference.lr:g}" if response.reference else "the best")


def value_cells(group: Group, measure: Measure) -> list[str]:
    """The cells under `VALUE_HEADERS`."""
    summary = group.summary
    several = len(group.rates) < 2  # the spread over several learning rates is no noise
    return [
        str(group.n),
        str(len(group.diverged) or ""),
        wording.spread(summary.mean, summary.low if several else None, summary.high, measure),
        measure.gap(summary.sd) if several else "",
    ]


def verdict_cells(one: Difference | None, measure: Measure, cost: float | None = None) -> list[str]:
    """The cells under `VERDICT_HEADERS`; `cost` is that of a setting that may be the best."""
    at_most = "" if cost is None else measure.bound(cost)
    if one is None:
        return ["", "", "", at_most]
    sign = "+" if one.estimate is not None and one.estimate > 0 else ""
    return [
        wording.spread(one.estimate, one.low, one.high, measure, sign=sign),
        "" if one.effect is None else f"{one.effect:+.1f}",
        wording.judgement(one),
        at_most,
    ]


def costs(comparison: Comparison) -> Mapping[str, float]:
    """What taking each setting that may be the best costs at most, by its key; empty where one alone can be judged."""
    if len(comparison.judged) < 2:
        return {}
    return {candidate.group.key: candidate.costs_at_most for candidate in comparison.candidates}


def p_cell(one: Difference | None) -> str:
    """The p value of the pair among all pairs, on the scale where 0.05 decides."""
    if one is None or one.p_adjusted is None:
        return ""
    return "<0.001" if one.p_adjusted < 0.001 else f"{one.p_adjusted:.3f}"


def response_rows(response: Response) -> Iterator[list[str]]:
    """A row under `RESPONSE_HEADERS` for each learning rate."""
    measure = response.measure
    several = len(response.candidates) > 1 or response.noise_known
    at_most = {one.group.key: one.costs_at_most for one in response.candidates} if several else {}
    for point in response.points:
        safety = "diverged" if point.group.diverged else point.safety
        place = ", ".join(filter(None, ("best" if point is response.best else "", safety)))
        cells = verdict_cells(point.against_best, measure, at_most.get(point.group.key))
        yield [f"{point.lr:g}", *value_cells(point.group, measure), place, *cells]


def price(priced: Priced) -> str:
    """A cost, with * where no other setting is as good and cheaper."""
    return f"{fmt.count(priced.cost)}{' *' if priced.front else ''}"
