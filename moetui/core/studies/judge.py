"""Runs judged by settings and by learning rates: what the commands `compare` and `response` print and the Compare screen shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from moetui.core.science.caveats import Caveat, caveats
from moetui.core.science.comparison import TOLERANCE, Comparison, compare
from moetui.core.science.evidence import Evidence, counting
from moetui.core.science.groups import groups
from moetui.core.science.lengths import Agreement, agreement, by_length
from moetui.core.science.measure import LOSS, Measure
from moetui.core.science.questions import Against, Pairing
from moetui.core.science.response import Response, respond, slices


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What counts, what it is compared with, whether seeds are paired, and how much worse than the best is still safe."""

    measure: Measure = LOSS
    against: Against = "best"
    pairing: Pairing = "auto"
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class Judged:
    """Settings compared with each other, and what was not equal between the runs that count."""

    comparison: Comparison
    unequal: tuple[Caveat, ...]


@dataclass(frozen=True, slots=True)
class Responses:
    """A response for each setting with several learning rates, how the best one moves with the length, and the settings left out.

    `settings` counts all of them, those with a single learning rate among them.
    """

    responses: tuple[Response, ...]
    across: tuple[Agreement, ...]
    settings: int


def judge(runs: Sequence[Evidence], terms: Terms) -> Judged:
    """Compare the settings of runs."""
    found = groups([run.record for run in runs], terms.measure)
    comparison = compare(found, terms.measure, against=terms.against, pairing=terms.pairing, tolerance=terms.tolerance)
    return Judged(comparison, caveats(counting(runs, comparison.groups)))


def responses(runs: Sequence[Evidence], terms: Terms, judged: Judged | None = None) -> Responses:
    """The responses to the learning rate that the runs tell of, with the verdicts of their comparison."""
    parts = slices(runs)
    several = [part for part in parts if len(part.lrs) > 1]
    if several and judged is None:
        judged = judge(runs, terms)
    found = tuple(
        respond(
            part,
            terms.measure,
            tolerance=terms.tolerance,
            pairing=terms.pairing,
            comparison=judged.comparison,
            unequal=judged.unequal,
        )
        for part in several
        if judged is not None
    )
    return Responses(found, tuple(agreement(family) for family in by_length(found)), len(parts))
