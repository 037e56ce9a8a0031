"""Values as people type them into a list: learning rates, schedules and seeds, one or several in a line."""

import math
import re
from dataclasses import dataclass
from typing import TypeVar

from moetui.core.errors import UsageError

ValueT = TypeVar("ValueT")

MOST = 100
"""Values that one line may add."""

_RANGE = re.compile(r"([^\s,]+?)\.\.([^\s,]+?)\s*x\s*(\d+)(?=$|[\s,])")
_PERCENT = re.compile(r"\s+%")
_SEPARATORS = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True, order=True)
class Shape:
    """Warm-up as a share of the horizon, and floor as a share of the peak."""

    warmup: float
    floor: float


def parse_learning_rates(text: str) -> tuple[float, ...]:
    """Learning rates such as `0.05`, `0.01 0.1`, or `0.01..0.3 x5` for five at equal ratios. Raises `UsageError`."""
    values: list[float] = []
    for match in _RANGE.finditer(text):
        values += _spaced(_rate(match[1]), _rate(match[2]), int(match[3]))
    for word in _words(_RANGE.sub(" ", text)):
        if ".." in word:
            raise UsageError(f"{word}: say how many values, such as {word} x5")
        values.append(_rate(word))
    return _limited(values, "a learning rate, such as 0.05")


def parse_shapes(text: str) -> tuple[Shape, ...]:
    """Pairs of warm-up and floor: `10% 5%` or `0.1 0.05`, several one after another. Raises `UsageError`."""
    shares = [_share(word) for word in _words(_PERCENT.sub("%", text))]
    if len(shares) % 2:
        raise UsageError("a schedule is a warm-up and a floor, such as 10% 5%")
    return _limited([Shape(*pair) for pair in zip(shares[::2], shares[1::2], strict=True)], "warm-up and floor: 10% 5%")


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds such as `4`, `4 5 6` or `1..5`. Raises `UsageError`."""
    values: list[int] = []
    for word in _words(text):
        first, dots, last = word.partition("..")
        low, high = _seed(first), _seed(last if dots else first)
        if high - low >= MOST:
            raise UsageError(f"{word}: at most {MOST} seeds at once")
        values += range(low, high + 1)
    return _limited(values, "a seed, such as 4 or 1..5")


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(text) if word]


def _limited(values: list[ValueT], wanted: str) -> tuple[ValueT, ...]:
    if not values:
        raise UsageError(f"type {wanted}")
    if len(values) > MOST:
        raise UsageError(f"at most {MOST} values at once, not {len(values)}")
    return tuple(dict.fromkeys(values))


def _number(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise UsageError(f"{word!r} is not a number") from None
    if not math.isfinite(value):
        raise UsageError(f"{word!r} is not a finite number")
    return value


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


def _spaced(first: float, last: float, count: int) -> list[float]:
    """`count` values from first to last at equal ratios, rounded to three digits; the ends are kept as typed."""
    if not 2 <= count <= MOST:
        raise UsageError(f"x{count}: a range has 2 to {MOST} values")
    step = (math.log(last) - math.log(first)) / (count - 1)
    inner = [float(f"{math.exp(math.log(first) + i * step):.3g}") for i in range(1, count - 1)]
    return [first, *inner, last]
