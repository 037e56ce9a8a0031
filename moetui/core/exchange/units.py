"""Cells as numbers in our units, and what cannot be right about them."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final, Protocol

from engine.runfiles.metrics import Record
from moetui.core.exchange.columns import KNOWN, WHOLE
from moetui.core.exchange.shapes import Row

FRACTIONS: Final = ("train_accuracy", "val_accuracy", "mfu")
"""Keys that are fractions here; others write them in percent."""

PERCENT: Final = "{} is above 1, so it is taken as percent"
"""The note where a fraction was written as percent."""

NOTHING: Final = frozenset({"", "n/a", "na", "#n/a", "<na>", "null", "none", "-", "--", "\u2013", "."})
"""Words, in lower case, that stand for no value. NaN is one: it says that a loss is no number."""

UNIX_SECONDS: Final = 1e8
"""In 1973: a training time of three years would be less."""

_UNIX_MILLISECONDS = 1e11

_DIGITS = 19  # of the largest number of 64 bits; any with less is smaller
_WHOLE = re.compile(r"\s*[-+]?[\d_]+\s*")
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+")


class Faulty(Protocol):
    """Where rows are from, which makes errors for a place in it."""

    def fault(self, where: str, fault: str) -> Exception:
        """The error."""


def cell(text: str, *, decimal_comma: bool = False) -> Any:
    """The value of a cell of text: a whole number, a number, a truth value, or else the text; None for a word of no value."""
    if text.isdecimal() and len(text) < _DIGITS:
        return int(text)
    try:
        value = float(text)
    except ValueError:
        return _of_words(text.strip(), decimal_comma=decimal_comma)
    return sized(int(text)) if value.is_integer() and abs(value) <= 2**63 and _WHOLE.fullmatch(text) else value


def _of_words(text: str, *, decimal_comma: bool) -> Any:
    word = text.lower()
    if word in NOTHING:
        return None
    if word in ("true", "false"):
        return word == "true"
    return float(text.replace(",", ".")) if decimal_comma and _DECIMAL_COMMA.fullmatch(text) else text


def sized(value: float) -> float:
    """A number, a float if it is a whole one of more than 64 bits, which files do not hold."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return _as_float(value)
    return value


def is_text(value: Any) -> bool:
    """Whether a value is neither a number nor the word of one that is not finite."""
    return isinstance(value, str | bytes | Mapping | list | datetime) and not isinstance(_decoded(value), float)


def _decoded(value: Any) -> Any:
    words = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "infinity": math.inf, "-infinity": -math.inf}
    return words.get(value.strip().lower(), value) if isinstance(value, str) else value


def number(value: Any, key: str) -> Any:
    """The value of a known key as the number that it is; others stay as they are. Raises `ValueError`."""
    if (type(value) is float and key not in WHOLE) or (type(value) is int and 0 <= value < 2**53):
        return value
    value = _decoded(value)
    if key not in KNOWN:
        return sized(value) if type(value) is int else value
    if isinstance(value, str) and value.endswith("%") and key in FRACTIONS:
        part = cell(value[:-1])
        value = part / 100 if isinstance(part, int | float) else value
    if isinstance(value, str):
        value = cell(value)
    if (isinstance(value, bool) and key != "clipped") or not isinstance(value, int | float):
        raise ValueError(f"{str(value)[:40]!r} is no number")
    if key not in WHOLE:
        return _as_float(value) if isinstance(value, int) and abs(value) > 2**53 else value
    if not 0 <= value < 2**53 or value != int(value):  # an integer may be too large to be a float, NaN is in no range
        shown = f"{_as_float(value):g}" if isinstance(value, int) else str(value)[:40]
        raise ValueError(f"{shown!r} is no whole number")
    return int(value)


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


@dataclass(frozen=True, slots=True)
class Units:
    """The keys whose values are percent throughout a file."""

    percent: tuple[str, ...] = ()
    _said: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, keys: Mapping[str, str], rows: Sequence[Row]) -> "Units":
        """What the values of all runs of a file say: one accuracy above 1 makes percent of all."""
        percent = []
        for name, key in keys.items():
            if key in FRACTIONS:
                values = [row[name] for _, row in rows if isinstance(row.get(name), int | float)]
                if 1 < max((value for value in values if math.isfinite(value)), default=0) <= 100:
                    percent.append(key)
        return cls(tuple(percent), tuple(PERCENT.format(key) for key in percent))

    def reader(self, key: str) -> Callable[[Any], Any]:
        """What makes a number of a value of this key; it raises `ValueError`."""
        if key in self.percent:
            return lambda value: number(value, key) / 100
        return lambda value: number(value, key)

    def as_it_is(self, key: str) -> bool:
        """Whether a float of this key needs no reader."""
        return key not in WHOLE and key not in self.percent

    def notes(self, run: str, records: Sequence[Record]) -> list[str]:
        """What was taken as percent, and values that cannot be right: they are kept."""
        return [*self._said, *implausible(records)]


_LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    **dict.fromkeys(("train_loss", "val_loss", "lr", "adamw_lr", "grad_norm"), (0, math.inf)),
    "val_perplexity": (1, math.inf),
    **dict.fromkeys(("train_accuracy", "val_accuracy"), (0, 1)),
}


def can_be(key: str, least: float, most: float) -> bool:
    """Whether values of a key between these two are plausible."""
    low, high = _LIMITS.get(key, (-math.inf, math.inf))
    return low <= least and most <= high


def implausible(records: Sequence[Record]) -> list[str]:
    """One sentence for each key with values that cannot be: how many, and the first with its update."""
    notes = []
    for key in filter(_LIMITS.__contains__, dict.fromkeys(chain.from_iterable(records))):
        low, high = _LIMITS[key]
        found = [
            (record["update"], value)
            for record in records
            if (value := record.get(key)) is not None and not low <= value <= high and not math.isnan(value)
        ]
        if not found:
            continue
        update, value = found[0]
        limit = f"less than {low:g}" if value < low else f"more than {high:g}"
        many = f", and {len(found) - 1} more" if len(found) > 1 else ""
        notes.append(f"implausible: {key} is {value:g} at update {update}{many}, {limit}; kept as it is")
    return notes


def moments(
    source: Faulty, rows: Sequence[Row], keys: Mapping[str, str]
) -> Callable[[str, Mapping[str, Any]], float | None] | None:
    """What reads the training time of a row: of times of day, that since the first of them. None where no column has it."""
    name = next((name for name, key in keys.items() if key == "seconds"), None)
    if name is None:
        return None
    values = [_moment(row[name]) for _, row in rows if name in row]
    known = [value for value in values if value is not None and math.isfinite(value)]
    first = min(known, default=0.0)
    scale = 1e-3 if first > _UNIX_MILLISECONDS else 1.0
    begin = first if first * scale > UNIX_SECONDS else 0.0

    def read(place: str, row: Mapping[str, Any]) -> float | None:
        if name not in row:
            return None
        value = _moment(row[name])
        if value is None:
            raise source.fault(f"{place}, {name}", f"{str(row[name])[:40]!r} is neither a number nor a time")
        return value if not begin else (value - begin) * scale

    return read


def _moment(value: Any) -> float | None:
    """A number, or the Unix time of an ISO text; without a zone it is taken as UTC, as only differences count."""
    value = _decoded(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return _as_float(value)
    if isinstance(value, float):
        return value
    try:
        told = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    try:
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None
