"""What a plan says: what it rests on, its splits as rows of a table, and what the proposed one is expected to tell."""

from typing import Final

from moetui.core import format as fmt
from moetui.core.science.splits import Ground
from moetui.core.studies.splits import Planned, Question, Split

SPLIT_HEADERS: Final = ("", "sizes", "rates", "seeds", "expected", "inside", "to run", "device time")
"""The headers of `split_rows`; all from the third on are of numbers."""


def split_rows(found: Planned) -> list[list[str]]:
    """A row for each split, the proposed one with an arrow."""
    return [
        [
            "→" if split is found.chosen else "",
            _sizes(split),
            str(split.rates),
            str(split.seeds),
            f"×/÷ {split.outlook.factor:.2f}" if split.outlook.half < 9 else "any",
            f"{split.outlook.inside:.0%}",
            str(split.runs),
            fmt.duration(split.seconds),
        ]
        for split in found.splits
    ]


def rests_on(known: Ground) -> str:
    """Where noise and curvature are from."""
    figures = f"noise {known.noise:.3g} nats a run, curvature {known.curvature:.3g} nats per ln(lr)²"
    if known.sizes:
        return f"Expected from {known.sizes} size{'s' * (known.sizes > 1)} measured here: {figures}."
    return f"Nothing was measured here with two seeds, so defaults stand: {figures}."


def proposed(question: Question, chosen: Split) -> str:
    """Why the chosen split is proposed, and what it is expected to tell."""
    what = f"the best rate at {question.ladder.axis} {question.goal:g}" if question.ladder else "the best rate"
    width = f"{what} within ×/÷ {chosen.outlook.factor:.2f} (95 %, half width {chosen.outlook.half:.2g} of ln lr*)"
    alone = " An interval of three sizes is that of their noise alone; four show the error of the line." * (
        len(chosen.sizes) == 3
    )
    if chosen.reaches(question.precision):
        return f"Proposed (→), the cheapest that reaches a precision of {question.precision:g}: {width} is expected.{alone}"
    return f"A precision of {question.precision:g} is not within reach; the narrowest (→) is expected to tell {width}.{alone}"


def _sizes(split: Split) -> str:
    return ", ".join(map(str, split.sizes)) or "as it is"
