"""The rules by which a conclusion on a claim follows from the verdicts on the runs. The page states them in words (`RULES`)."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from moetui.core.science.comparison import Comparison, compare
from moetui.core.science.difference import Difference
from moetui.core.science.factorial import Factorial
from moetui.core.science.groups import Group
from moetui.core.science.response import Response

Conclusion = Literal["holds here", "does not hold here", "open"]

LEARNS: Final = 0.1
"""Share of what the best learning rate tried learns, below which another one hardly learns."""

RULES: Final = (
    (
        "A is the best (the worst)",
        "of the settings that can be judged, A alone may be the best (the worst)",
        "A is not among the settings that may be it",
    ),
    ("A is worse than B", "the verdict on A against B is worse", "it is better"),
    (
        "The good rates are those from a to b",
        "every rate tried from a to b is safe and every other one beyond",
        "a rate from a to b is beyond, or another one is safe",
    ),
    ("Above a the loss is bad", "every rate tried above a is beyond", "one of them is safe"),
    (
        "Below a the model hardly learns",
        f"every rate tried below a learns less than {100 * LEARNS:g} % of what the best one learns, the whole interval included",
        "one of them learns more, the whole interval included",
    ),
    (
        "Single runs rank the settings",
        "every step from one place to the next is larger than the least difference that stands out from the noise here",
        "a step is not",
    ),
    (
        "One key matters more than another",
        "the settings cross both keys, and the interval of the difference of their effects shows it",
        "that interval shows the opposite",
    ),
    (
        "A correlation is r",
        "never: an interval around r does not show r",
        "the interval of the study with more rates does not hold r",
    ),
)
"""Kind of claim, when it holds here, when it does not. In all other cases it is open."""


def is_best(comparison: Comparison, group: Group) -> Conclusion:
    """Whether a setting is the best of those compared."""
    if group.key not in {one.key for one in comparison.judged}:
        return "open"
    candidates = [candidate.group.key for candidate in comparison.candidates]
    if group.key not in candidates:
        return "does not hold here"
    return "holds here" if len(candidates) == 1 else "open"


def upside_down(comparison: Comparison) -> Comparison:
    """The same settings, compared with the worst of them."""
    measure = comparison.measure
    turned = replace(measure, lower_is_better=not measure.lower_is_better)
    return compare(comparison.groups, turned, tolerance=comparison.tolerance)


def is_worse(difference: Difference) -> Conclusion:
    """Whether the first setting of a pair is worse than the second."""
    if difference.verdict == "worse":
        return "holds here"
    return "does not hold here" if difference.verdict == "better" else "open"


def good_zone(response: Response, low: float, high: float) -> Conclusion:
    """Whether the rates from `low` to `high` are the good ones of those tried."""
    inside = [point.safety for point in response.points if low <= point.lr <= high]
    outside = [point.safety for point in response.points if not low <= point.lr <= high]
    if "beyond" in inside or "safe" in outside:
        return "does not hold here"
    good = bool(inside) and set(inside) == {"safe"} and set(outside) <= {"beyond"}
    return "holds here" if good else "open"


def bad_above(response: Response, rate: float) -> Conclusion:
    """Whether every learning rate tried above `rate` is outside of the tolerance, or diverges."""
    above = [point.safety for point in response.points if point.lr > rate]
    if "safe" in above:
        return "does not hold here"
    return "holds here" if above and set(above) == {"beyond"} else "open"


def hardly_learns(shares: Sequence[tuple[float, float]]) -> Conclusion:
    """Whether settings hardly learn, by the intervals of their shares of what the best one learns."""
    if any(low > LEARNS for low, _ in shares):
        return "does not hold here"
    return "holds here" if shares and all(high < LEARNS for _, high in shares) else "open"


def ranked(values: Sequence[float], least: float) -> Conclusion:
    """Whether single runs can be told apart from place to place, if a difference has to be larger than `least`."""
    ordered = sorted(values)
    steps = [after - before for before, after in itertools.pairwise(ordered)]
    if any(step <= least for step in steps):
        return "does not hold here"
    return "holds here" if steps else "open"


def matters_more(found: Factorial | None, key: str) -> Conclusion:
    """Whether one of two crossed keys has the larger effect."""
    if found is None or found.leading is None:
        return "open"
    return "holds here" if found.leading.name == key else "does not hold here"


def correlates(low: float | None, high: float | None, claimed: float) -> Conclusion:
    """Whether the interval of a correlation holds a claimed value; one that it holds is not thereby shown."""
    if low is None or high is None or low <= claimed <= high:
        return "open"
    return "does not hold here"
