"""What `plan` proposes for a subject: the splits of a budget, and the runs of the chosen one. Reads files: belongs in a thread."""

from typing import Any, Final

from moetui.core.errors import UsageError
from moetui.core.planning.typed_values import number
from moetui.core.runs.lab import Lab
from moetui.core.studies.progress import survey
from moetui.core.studies.split_question import answer, question
from moetui.core.studies.split_words import SPLIT_HEADERS, proposed, rests_on, split_rows
from moetui.tui.compare.proposal import Proposal, priced_proposal
from moetui.tui.compare.subjects import Subject

USUAL: Final = "precision=0.1 budget=4h"
"""The line that is asked with at first."""

HINT: Final = "Half the 95 % interval of ln lr*, and device time. For a size: to=width=256 ladder=width=32,48,64,96,128"
KEYS: Final = ("precision", "budget", "to", "ladder")


def read_plan(lab: Lab, subject: Subject, line: str) -> Proposal:
    """The plan that a line such as `precision=0.1 budget=4h` asks for. Raises `UsageError` with what is wrong in it."""
    asked = question(_preset(subject), {}, **_words(line))
    found = answer(lab, asked)
    reasons = (rests_on(found.known), _table(split_rows(found)), proposed(asked, found.chosen))
    return priced_proposal(lab, subject, reasons, survey(found.runs, lab.snapshot().runs))


def _preset(subject: Subject) -> str:
    if subject.kind not in ("study", "preset"):
        raise UsageError(f"{subject.title}: a plan is made for a study of one preset; choose one in the list")
    return subject.title


def _words(line: str) -> dict[str, Any]:
    found: dict[str, Any] = {"precision": 0.1}
    for word in line.split():
        key, equals, value = word.partition("=")
        if key not in KEYS or not equals or not value:
            raise UsageError(f"{word[:80]}: write {', '.join(f'{key}=…' for key in KEYS)}")
        found[key] = value
    precision = number(str(found["precision"]))
    if precision is None or not 0.001 <= precision.low <= 2:
        raise UsageError(f"precision={found['precision']!s:.80}: a number from 0.001 to 2")
    return found | {"precision": precision.low}


def _table(rows: list[list[str]]) -> str:
    """The splits in columns, the numbers to the right."""
    table = [list(SPLIT_HEADERS), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )
