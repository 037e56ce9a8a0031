"""Filters over runs as people type them, the same in the terminal interface and for `moetui ls`.

    cosine 79m                    words, in any of id, name, preset, study, status, tags and note, in any case
    status:finished tag:warm      a word in one of these alone; tag=warm for the whole word
    lr>=1e-3 val_loss<5.2         numbers: 25% is 0.25, 79M is 79e6
    warmup=0.1 model.n_experts>=8 any key of the configuration, in full or by its last part
    seconds>10m created>2026-11-01 created>3d    lengths of time; moments, or so long ago
    is:archived                   archived, published, live, pending
    -tag:old, not tag:old         what must not hold
    lr>0.1 or (diverged lr>0.05)  either; all else must hold together
    "two words" note:"as is"      text with spaces, brackets or signs in it

A run that does not know a value is in no comparison of it. Half a filter (`lr>=`, an open bracket) is a fault; while somebody types
it, it hides nothing.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import UsageError
from moetui.core.planning import typed_values
from moetui.core.query.fields import Field, Value, field

Test = Callable[[RunRecord, str], bool]
"""Judges a run; the text is what plain words are looked for in (`searched_text`)."""


class FilterError(UsageError):
    """A filter that cannot be understood, in one line."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was understood.

    `has_words`: whether the test looks at the text; `asks_archived`: whether it says itself what shall be of archived runs.
    """

    test: Test
    has_words: bool = False
    asks_archived: bool = False

    def matches(self, run: RunRecord) -> bool:
        """Whether the filter lets a run through."""
        return self.test(run, searched_text(run) if self.has_words else "")


def parse_filter(query: str, *, typing: bool = False) -> Filter:
    """The filter that a line stands for; an empty line lets everything through. Raises `FilterError`.

    `typing`: the line is being typed, so its unfinished parts are left out. Without it they are faults: a script in which
    `"lr>=$UNSET"` meant all runs would delete them all.
    """
    try:
        return _Parser(query, typing=typing).parse()
    except RecursionError:
        raise FilterError("the brackets are nested too deeply") from None


def understood(query: str) -> tuple[str, str]:
    """A line that is being typed, up to its first part that cannot be understood, and what is wrong with that, if anything."""
    fault, words = "", query.split()
    while True:
        try:
            parse_filter(query, typing=True)
        except FilterError as error:
            fault, words = fault or str(error), words[:-1]
            query = " ".join(words)
        else:
            return query, fault


def matching(runs: Iterable[RunRecord], query: str) -> list[RunRecord]:
    """The runs that a typed filter lets through, in their order. Raises `FilterError`."""
    wanted = parse_filter(query)
    return [run for run in runs if wanted.matches(run)]


def searched_text(run: RunRecord) -> str:
    """Everything that a plain word is looked for in, casefolded."""
    parts = (run.id, run.name, run.preset, run.study, run.status, *run.tags, run.note)
    return "\n".join(parts).casefold()


# A token: a bracket, the sign of a negation, or text up to the next space or bracket; quotes hold both together.
_TOKEN = re.compile(r'[()]|-(?=\S)|(?:"[^"]*"?|[^\s()"])+')
_COMPARISON = re.compile(r"(?P<key>[A-Za-z_][\w.]*)(?P<sign><=|>=|!=|:|=|<|>)(?P<value>.*)", re.DOTALL)
_SIGN = re.compile(r"<=|>=|!=|:|=|<|>")
_KINDS: Final[Mapping[str, Callable[[RunRecord], bool]]] = {
    "archived": lambda run: run.archived is not None,
    "published": lambda run: run.published,
    "live": lambda run: run.live,
    "pending": lambda run: run.pending,
}


class _Parser:
    """Reads alternatives (`or`) of parts that must all hold, from the left to the right. None stands for an unfinished part."""

    def __init__(self, query: str, *, typing: bool) -> None:
        self._tokens = _TOKEN.findall(query)
        self._typing = typing
        self._words = self._archived = False

    def parse(self) -> Filter:
        test = self._alternatives("") if self._tokens else None
        if self._tokens:
            raise FilterError("there is no open bracket for ')'; quote it to search for it")
        return Filter(test or _everything, self._words, self._archived)

    def _alternatives(self, before: str) -> Test | None:
        tests = [self._parts(before)]
        while self._next_is("or"):
            tests.append(self._parts("or"))
        given = [test for test in tests if test is not None]
        if len(given) < 2:
            return given[0] if given else None
        return lambda run, text: any(test(run, text) for test in given)

    def _parts(self, before: str) -> Test | None:
        """What must hold together, up to the next `or` or closing bracket. `before` is the word in front of it."""
        parts = [self._part(before)]
        while self._tokens and self._tokens[0].casefold() not in (")", "or"):
            parts.append(self._part("and" if self._next_is("and") else ""))
        tests = [test for test in parts if test is not None]
        if len(tests) < 2:
            return tests[0] if tests else None
        return lambda run, text: all(test(run, text) for test in tests)

    def _part(self, before: str) -> Test | None:
        if not self._tokens:
            return self._unfinished("( is not closed" if before == "(" else f"nothing follows {before}")
        following = self._tokens[0].casefold()
        if following == ")":
            if before:
                return self._unfinished(f"nothing stands between {before} and )")
            raise FilterError("there is no open bracket for ')'; quote it to search for it")
        if following in ("and", "or"):
            between = f"between {before} and" if before else "before"
            if following == "and":
                self._tokens.pop(0)
            return self._unfinished(f"nothing stands {between} {following}; quote it to search for it")
        if self._next_is("-", "not"):
            test = self._part("not" if following == "not" else "-")
            return test and _negated(test)
        if self._next_is("("):
            test = self._alternatives("(")
            return test if self._next_is(")") else self._unfinished("( is not closed", test)
        return self._atom(self._tokens.pop(0))

    def _next_is(self, *tokens: str) -> bool:
        """Whether one of these comes next; it is then taken."""
        found = bool(self._tokens) and self._tokens[0].casefold() in tokens
        if found:
            self._tokens.pop(0)
        return found

    def _unfinished(self, fault: str, so_far: Test | None = None) -> Test | None:
        """What there is of an unfinished part while it is typed. Raises `FilterError` with the fault otherwise."""
        if self._typing:
            return so_far
        raise FilterError(fault)

    def _atom(self, token: str) -> Test | None:
        if token.count('"') % 2:
            return self._unfinished(f"{token}: a quotation mark is not closed")
        found = None if token.startswith('"') else _COMPARISON.fullmatch(token)
        if found is None:
            return self._word(token)
        key, sign, value = found["key"].lower(), found["sign"], _plain(found["value"])
        if key == "is" and sign in (":", "="):
            return self._kind(token, value)
        try:
            asked = field(key)
            if not value:
                return self._unfinished(f"{token}: the value is missing")
            return _field_test(asked, sign, value) or self._unfinished(_wanted(asked, sign, value))
        except FilterError:
            raise
        except UsageError as error:
            raise FilterError(f"{token}: {error}") from None

    def _word(self, token: str) -> Test | None:
        if sign := _SIGN.match(token):
            raise FilterError(f"{token}: there is no key before {sign.group()}; quote it to search for it")
        word = _plain(token)
        if not word:
            return self._unfinished(f"{token}: an empty text is in every run; leave it out")
        self._words = True
        return lambda run, text: word in text

    def _kind(self, token: str, value: str) -> Test | None:
        if value in _KINDS:
            self._archived = self._archived or value == "archived"
            return lambda run, text: _KINDS[value](run)
        fault = f"{token}: there are {', '.join(_KINDS)}"
        if any(kind.startswith(value) for kind in _KINDS):
            return self._unfinished(fault)
        raise FilterError(fault)


def _plain(token: str) -> str:
    return token.replace('"', "").casefold()


def _everything(run: RunRecord, text: str) -> bool:
    return True


def _negated(test: Test) -> Test:
    return lambda run, text: not test(run, text)


def _field_test(asked: Field, sign: str, value: str) -> Test | None:
    """Compares a field with a value; None for a number that is half typed. Raises `FilterError` for a value of another kind."""
    if sign == ":":
        return lambda run, text: value in asked.written(asked.read(run)).casefold()
    span = _SPANS[asked.kind](value)
    if span is not None:
        return _number_test(asked.read, sign, span)
    if sign in ("=", "!=") and asked.kind in ("text", "setting"):
        return _text_test(asked, value, wanted=sign == "=")
    if typed_values.unfinished(value):
        return None
    raise FilterError(_wanted(asked, sign, value))


def _wanted(asked: Field, sign: str, value: str) -> str:
    return f"{asked.key}{sign}{value}: {_WANTED.get(asked.kind, _WANTED['number']).format(asked.key)}"


def _text_test(asked: Field, value: str, *, wanted: bool) -> Test:
    """Whether the text is the value; of a list of words such as the tags, whether it has it."""

    def test(run: RunRecord, text: str) -> bool:
        known = asked.read(run)
        if known is None:
            return False
        words = run.tags if asked.key == "tag" else (str(known),)
        return any(word.casefold() == value for word in words) is wanted

    return test


def _number_test(read: Callable[[RunRecord], Value], sign: str, span: typed_values.Span) -> Test:
    holds = _signs(span)[sign]

    def test(run: RunRecord, text: str) -> bool:
        value = read(run)
        return isinstance(value, int | float) and holds(value)

    return test


def _signs(span: typed_values.Span) -> dict[str, Callable[[float], bool]]:
    """What each sign asks of a number. A span, such as a day, is equal to all in it and smaller than what comes after it."""
    low, high = span.low, span.high
    if low == high:
        return {
            "<": lambda value: value < low,
            "<=": lambda value: value <= low,
            ">": lambda value: value > low,
            ">=": lambda value: value >= low,
            "=": lambda value: math.isclose(value, low, rel_tol=1e-9),
            "!=": lambda value: not math.isclose(value, low, rel_tol=1e-9),
        }
    if math.isnan(low):
        return {sign: math.isnan if sign == "=" else _no_number for sign in ("<", "<=", ">", ">=", "=", "!=")}
    return {
        "<": lambda value: value < low,
        "<=": lambda value: value < high,
        ">": lambda value: value >= high,
        ">=": lambda value: value >= low,
        "=": lambda value: low <= value < high,
        "!=": lambda value: not low <= value < high,
    }


def _no_number(value: float) -> bool:
    return False


def _no_span(text: str) -> None:
    return None


_SPANS: Final[Mapping[str, Callable[[str], typed_values.Span | None]]] = {
    "number": typed_values.number,
    "count": typed_values.number,
    "loss": typed_values.number,
    "fraction": typed_values.number,
    "setting": typed_values.number,
    "duration": typed_values.duration,
    "moment": typed_values.moment,
    "text": _no_span,
}
_WANTED: Final[Mapping[str, str]] = {
    "number": "{} is compared with a number, such as 0.05 or 1e-3",
    "duration": "{} is compared with a length of time, such as 90, 10m or 2h",
    "moment": "{} is compared with a moment, such as 2026-11-01, today or 3d (ago)",
    "text": "{} is a text; write : for a part of it, = for the whole",
}
