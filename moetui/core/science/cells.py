"""The cells of tables about settings: their values, the verdicts on them, and their costs."""

from collections.abc import Iterator

from moetui.core import format as fmt
from moetui.core.science import wording
from moetui.core.science.difference import Difference
from moetui.core.science.groups import Group
from moetui.core.science.measure import Measure
from moetui.core.science.pareto import Priced
from moetui.core.science.response import Response

VALUE_HEADERS = ("n", "diverged", "mean", "sd")
VERDICT_HEADERS = ("difference", "seed sd", "verdict", "needs")
RESPONSE_HEADERS = ("lr", *VALUE_HEADERS, "zone", *VERDICT_HEADERS)
NUMBERS = ("lr", "n", "diverged", "mean", "sd", "difference", "seed sd", "needs")
"""The columns that hold numbers."""


def legend(measure: Measure, reference: str) -> str:
    """The line above a table of values and verdicts."""
    return (
        f"{measure.title}; differences are from {reference}; ± is half the 95 % interval; "
        "needs: seeds each that would decide"
    )


def value_cells(group: Group, measure: Measure) -> list[str]:
    """The cells under `VALUE_HEADERS`."""
    summary = group.summary
    return [
        str(group.n),
        str(len(group.diverged) or ""),
        wording.spread(summary.mean, summary.low, summary.high, measure),
        measure.gap(summary.sd),
    ]


def verdict_cells(one: Difference | None, measure: Measure) -> list[str]:
    """The cells under `VERDICT_HEADERS`; empty for the setting that the others are compared with."""
    if one is None:
        return ["", "", "", ""]
    sign = "+" if one.estimate is not None and one.estimate > 0 else ""
    undecided = one.verdict == "not distinguishable"
    return [
        wording.spread(one.estimate, one.low, one.high, measure, sign=sign),
        "" if one.effect is None else f"{one.effect:+.1f}",
        wording.judgement(one),
        str(one.seeds_needed or "") if undecided else "",
    ]


def p_cell(one: Difference | None) -> str:
    """The p value after Holm's correction."""
    if one is None or one.p_adjusted is None:
        return ""
    return "<0.001" if one.p_adjusted < 0.001 else f"{one.p_adjusted:.3f}"


def response_rows(response: Response) -> Iterator[list[str]]:
    """A row under `RESPONSE_HEADERS` for each learning rate."""
    measure, zone = response.measure, response.zone
    for point in response.points:
        inside = zone is not None and zone.low <= point.lr <= zone.high
        place = "best" if point is response.best else "safe" if inside else ""
        cells = verdict_cells(point.against_best, measure)
        yield [f"{point.lr:g}", *value_cells(point.group, measure), place, *cells]


def price(priced: Priced) -> str:
    """A cost, with * where no other setting is as good and cheaper."""
    return f"{fmt.count(priced.cost)}{' *' if priced.front else ''}"
