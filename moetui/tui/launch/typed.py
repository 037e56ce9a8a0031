"""Values as people type them, one, several or a range: for the lists of the Launch screen and for any key of the form."""

import math
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.spec.config import FieldInfo
from moetui.core.errors import UsageError
from moetui.core.planning.settings import parse_value

ValueT = TypeVar("ValueT")
NumberT = TypeVar("NumberT", int, float)

MOST = 100
"""Values that one line may add."""

_RANGE = re.compile(r"([^\s,]+?)\.\.([^\s,]+?)\s*x\s*(\d+)(\s*log)?(?=$|[\s,;])")
_PERCENT = re.compile(r"\s+%")
_SEPARATORS = re.compile(r"[\s,;]+")
_CROSS = re.compile(r"\s[x×]\s")
_TRUTH = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """Warm-up as a share of the horizon, and floor as a share of the peak."""

    warmup: float
    floor: float


def parse_learning_rates(text: str) -> tuple[float, ...]:
    """Learning rates: `0.05`, `0.01 0.1`, `0.02..0.1 x5` at equal steps, `… x5 log` at equal ratios. Raises `UsageError`."""
    return _limited(_numbers(text, _rate), "a learning rate, such as 0.05")


def parse_shapes(text: str) -> tuple[Shape, ...]:
    """Warm-up and floor: `10% 5%` or `0.1 0.05`, several pairs, or all combinations `0 5% 10% x 5% 10%`. Raises `UsageError`."""
    sides = [[_share(word) for word in _words(side)] for side in _CROSS.split(_PERCENT.sub("%", text))]
    wanted = "warm-up and floor: 10% 5%"
    if len(sides) == 2 and all(sides):
        return _limited([Shape(warmup, floor) for warmup in sides[0] for floor in sides[1]], wanted)
    if len(sides) > 1:
        raise UsageError("write warm-ups on the left of one x and floors on its right: 0 5% 10% x 5% 10%")
    (shares,) = sides
    if len(shares) % 2:
        raise UsageError("a schedule is a warm-up and a floor, such as 10% 5%")
    return _limited([Shape(*pair) for pair in zip(shares[::2], shares[1::2], strict=True)], wanted)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds such as `4`, `4 5 6` or `1..5`. Raises `UsageError`."""
    return _limited(_integers(text, _seed), "a seed, such as 4 or 1..5")


def parse_field(info: FieldInfo, text: str) -> Any:
    """One value of a key. Raises `UsageError` for what is none of its type; bounds are for the configuration to check."""
    text = text.strip()
    kind = info.type.removesuffix(" or none")
    if text == "none" and kind != info.type:
        return None
    if kind == "text":
        return text
    if kind.startswith("list"):
        value = parse_value(text)
        if not isinstance(value, list):
            raise UsageError("write a list, such as [] or " + ("[[0.5, 0.1]]" if "pairs" in kind else '["…", "…"]'))
        return value
    return _word_of(info)(text)


def parse_axis(info: FieldInfo, text: str) -> tuple[Any, ...]:
    """Several values of a key: words, ranges of a number, or a list in brackets. Raises `UsageError`."""
    kind = info.type.removesuffix(" or none")
    values: list[Any]
    if kind.startswith("list") or (text.lstrip().startswith("[") and kind != "text"):
        values = parse_value(text)
        if not isinstance(values, list):
            raise UsageError("write the values as one list in brackets")
    elif kind == "integer":
        values = _integers(text, _integer)
    elif kind == "number":
        values = _numbers(text, _share if info.unit == "fraction" else _number)
    elif kind == "text":
        try:
            values = list(shlex.split(text))
        except ValueError:
            raise UsageError("a quotation mark is not closed") from None
    else:
        values = [_word_of(info)(word) for word in _words(text)]
    if not values or len(values) > MOST:
        raise UsageError(f"type 1 to {MOST} values")
    return tuple(value for place, value in enumerate(values) if value not in values[:place])


def axis_hint(info: FieldInfo) -> str:
    """What `parse_axis` takes for a key."""
    kind = info.type.removesuffix(" or none")
    if kind == "integer":
        return "several: 1 2 4, or a range: 1..5, 64..1024 x5 log"
    if kind == "number":
        return "several: 0.1 0.2, or a range: 0.02..0.1 x5, 0.01..0.3 x5 log"
    if kind.startswith("list"):
        return "a list of lists in brackets"
    return f"several: {' '.join(info.choices or (('yes', 'no') if kind == 'yes or no' else ('one', 'two')))}"


def _word_of(info: FieldInfo) -> Callable[[str], Any]:
    kind = info.type.removesuffix(" or none")
    if kind == "integer":
        return _integer
    if kind == "number":
        return _share if info.unit == "fraction" else _number
    choices: dict[str, Any] = _TRUTH if kind == "yes or no" else dict(zip(info.choices, info.choices, strict=True))

    def chosen(word: str) -> Any:
        if word not in choices:
            raise UsageError(f"{word!r} is none of {', '.join(info.choices or ('yes', 'no'))}")
        return choices[word]

    return chosen


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(text) if word]


def _limited(values: list[ValueT], wanted: str) -> tuple[ValueT, ...]:
    if not values:
        raise UsageError(f"type {wanted}")
    if len(values) > MOST:
        raise UsageError(f"at most {MOST} values at once, not {len(values)}")
    return tuple(dict.fromkeys(values))


def _numbers(text: str, read: Callable[[str], float]) -> list[float]:
    """Numbers and ranges of them with a count."""
    values: list[float] = []
    for match in _RANGE.finditer(text):
        values += _spaced(read(match[1]), read(match[2]), int(match[3]), log=bool(match[4]))
    for word in _words(_RANGE.sub(" ", text)):
        if ".." in word:
            raise UsageError(f"{word}: say how many values, such as {word} x5 or {word} x5 log")
        values.append(read(word))
    return values


def _integers(text: str, read: Callable[[str], int]) -> list[int]:
    """Whole numbers, ranges of all between two, and ranges with a count."""
    values: list[int] = []
    for match in _RANGE.finditer(text):
        values += map(round, _spaced(read(match[1]), read(match[2]), int(match[3]), log=bool(match[4])))
    for word in _words(_RANGE.sub(" ", text)):
        first, dots, last = word.partition("..")
        low, high = read(first), read(last if dots else first)
        if high - low >= MOST:
            raise UsageError(f"{word}: at most {MOST} values at once")
        values += range(low, high + 1)
    return values


def _number(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise UsageError(f"{word!r} is not a number") from None
    if not math.isfinite(value):
        raise UsageError(f"{word!r} is not a finite number")
    return value


def _integer(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise UsageError(f"{word!r} is not a whole number") from None


def _rate(word: str) -> float:
    value = _number(word)
    if value <= 0:
        raise UsageError(f"{word}: a learning rate is above 0")
    return value


def _share(word: str) -> float:
    value = _number(word.removesuffix("%"))
    if word.endswith("%"):
        value = float(f"{value / 100:.12g}")  # 7 % is 0.07, not 0.07 and a rounding error
    if not 0 <= value <= 1:
        raise UsageError(f"{word} is not between 0 and 1; write 10% or 0.1 for a tenth")
    return value


def _seed(word: str) -> int:
    if not word.isdecimal() or int(word) >= 2**32:
        raise UsageError(f"{word!r} is not a seed: a whole number from 0 to {2**32 - 1}")
    return int(word)


def _spaced(first: float, last: float, count: int, *, log: bool) -> list[float]:
    """`count` values from first to last at equal steps or ratios, rounded to three digits; the ends are kept as typed."""
    if not 2 <= count <= MOST:
        raise UsageError(f"x{count}: a range has 2 to {MOST} values")
    if log and min(first, last) <= 0:
        raise UsageError("a log range lies above 0")
    shares = [i / (count - 1) for i in range(1, count - 1)]
    if log:
        low, high = math.log(first), math.log(last)
        inner = [math.exp(low * (1 - share) + high * share) for share in shares]
    else:
        inner = [first * (1 - share) + last * share for share in shares]
    return [first, *(float(f"{value:.3g}") for value in inner), last]
