"""Filters over runs as people type them: words that must all occur, and simple comparisons.

    cosine 79m                words, in any of id, name, preset, study, status, tags and note, in any case
    status:finished tag:warm  a word in one of these alone
    lr>=0.05 val_loss<5.2     a number of the run, or of the point of its grid by the last part of its key, such as warmup>0.05

All parts must hold. While a comparison is still being typed (`lr>=`) it holds for every run.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from moetui.core.records import RunRecord

Number = Callable[[RunRecord], float | None]
Test = Callable[[RunRecord], bool]

NUMBERS: Final[Mapping[str, Number]] = {
    "lr": lambda run: run.lr,
    "seed": lambda run: run.seed,
    "update": lambda run: run.update,
    "updates": lambda run: run.updates,
    "parameters": lambda run: run.parameters,
    "tokens_per_second": lambda run: run.tokens_per_second,
    "val_loss": lambda run: run.final.val_loss if run.final else None,
    "val_accuracy": lambda run: run.final.val_accuracy if run.final else None,
    "val_perplexity": lambda run: run.final.val_perplexity if run.final else None,
    "seconds": lambda run: run.final.seconds if run.final else None,
    "best_loss": lambda run: run.best.val_loss if run.best else None,
    "best_update": lambda run: run.best.update if run.best else None,
}
"""The numbers of a run that can be compared, by the name they are typed with."""

TEXTS: Final[Mapping[str, Callable[[RunRecord], str]]] = {
    "id": lambda run: run.id,
    "name": lambda run: run.name,
    "preset": lambda run: run.preset,
    "study": lambda run: run.study,
    "group": lambda run: run.group,
    "status": lambda run: run.status,
    "device": lambda run: run.device,
    "tag": lambda run: " ".join(run.tags),
    "note": lambda run: run.note,
}
"""The texts of a run that can be searched one by one."""

_COMPARISON = re.compile(r"(?P<key>[a-z_0-9.]+)(?P<sign><=|>=|!=|=|<|>)(?P<value>[^<>=]*)")
_SIGNS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": lambda a, b: math.isclose(a, b, rel_tol=1e-9),
    "!=": lambda a, b: not math.isclose(a, b, rel_tol=1e-9),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was understood; every text is one, since what is no comparison is a word."""

    words: tuple[str, ...]
    tests: tuple[Test, ...]

    def matches(self, run: RunRecord) -> bool:
        """Whether all words occur and all comparisons hold."""
        if self.words:
            text = searched_text(run)
            if not all(word in text for word in self.words):
                return False
        return all(test(run) for test in self.tests)


def parse_filter(query: str) -> Filter:
    """The filter that a typed line stands for."""
    words: list[str] = []
    tests: list[Test] = []
    for part in query.casefold().split():
        test = _text_test(part) or _number_test(part)
        if test is None:
            words.append(part)
        else:
            tests.append(test)
    return Filter(tuple(words), tuple(tests))


def matching(runs: Iterable[RunRecord], query: str) -> list[RunRecord]:
    """The runs that a typed filter lets through, in their order."""
    wanted = parse_filter(query)
    return [run for run in runs if wanted.matches(run)]


def searched_text(run: RunRecord) -> str:
    """Everything that a plain word is looked for in, casefolded."""
    parts = (run.id, run.name, run.preset, run.study, run.status, *run.tags, run.note)
    return "\n".join(parts).casefold()


def _text_test(part: str) -> Test | None:
    key, colon, value = part.partition(":")
    text = TEXTS.get(key)
    if not colon or text is None:
        return None
    return lambda run: value in text(run).casefold()


def _number_test(part: str) -> Test | None:
    found = _COMPARISON.fullmatch(part)
    if found is None:
        return None
    if not found["value"]:
        return lambda run: True
    try:
        wanted = float(found["value"])
    except ValueError:
        return None
    number, holds = NUMBERS.get(found["key"]) or _of_point(found["key"]), _SIGNS[found["sign"]]

    def test(run: RunRecord) -> bool:
        value = number(run)
        return value is not None and holds(value, wanted)

    return test


def _of_point(key: str) -> Number:
    def number(run: RunRecord) -> float | None:
        for name, value in run.point.items():
            if (name == key or name.endswith(f".{key}")) and isinstance(value, int | float):
                return value
        return None

    return number
