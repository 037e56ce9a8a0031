"""The table of all simulations, in Markdown, and its place in the documents."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.simulations.tally import SEED, Answer, Share, Tally

BEGIN, END = "<!-- simulations -->", "<!-- /simulations -->"
COLUMNS = "| scenario | what | target | measured | former | |\n|---|---|---|---|---|---|"


def table(tallies: Sequence[Tally], *, studies: int, date: str) -> str:
    """Sections with one row for each question of each scenario."""
    answers = [answer for tally in tallies for answer in tally.answers()]
    lines = [*_opening(answers, studies, date)]
    for part, rows in itertools.groupby(answers, key=lambda answer: answer.scenario.part):
        lines += ["", f"**{part}**", "", COLUMNS]
        lines += map(row, rows)
    return "\n".join(lines)


def _opening(answers: Sequence[Answer], studies: int, date: str) -> Iterator[str]:
    judged = [answer for answer in answers if answer.verdict != "–"]
    missed = [answer for answer in judged if answer.verdict == "**not met**"]
    yield (
        f"Made on {date} by `make simulations` with seed {SEED}: {studies} studies for a row, times the share that its scenario "
        f"needs; the number of answers stands in brackets, with that of all studies where some gave none (no interval, for "
        f"example). Of {len(judged)} rows with a target, "
        f"{len(judged) - len(missed)} meet it and {len(missed)} do not."
    )
    yield (
        "A share beyond its target by less than two standard errors is called *met within 2 s.e.* Where a row pools several "
        "grids and noises, the case farthest from the target is named; it may lie one standard error further off. Widths are "
        "factors from the lowest to the highest learning rate, ∞ where an end is open."
    )


def row(answer: Answer) -> str:
    """A line of the table."""
    question = answer.question
    cells = (
        answer.scenario.name,
        question.asks,
        str(question.target),
        _measured(answer),
        "" if answer.former is None else _number(answer.former, median=question.median),
        answer.verdict,
    )
    return f"| {' | '.join(cells)} |"


def _measured(answer: Answer) -> str:
    share, worst, median = answer.measured, answer.worst, answer.question.median
    if share is None:
        return f"never (0 of {answer.studies})"
    answers = f"{share.answers}{f' of {answer.studies}' if share.answers < answer.studies else ''}"
    text = f"{_number(share, median=median)}{'' if median else f' ± {share.error:.3f}'} ({answers})"
    if worst is not None and not median and str(answer.question.target) != "–":
        text += f"; {_number(worst, median=False)} at {worst.case} ({worst.answers})"
    return text


def _number(share: Share, *, median: bool) -> str:
    if not median:
        return f"{share.value:.3f}"
    return "∞" if math.isinf(share.value) else f"{share.value:.2f}"


def write(text: str, document: Path) -> bool:
    """Put the table between its markers; False if the document has none."""
    whole = document.read_text()
    if BEGIN not in whole or END not in whole:
        return False
    before, rest = whole.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    return True


def missed(tallies: Iterable[Tally]) -> list[Answer]:
    """The rows that do not meet their targets."""
    return [answer for tally in tallies for answer in tally.answers() if answer.verdict == "**not met**"]
