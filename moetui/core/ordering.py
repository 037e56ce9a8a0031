"""Sorting by values of which some are unknown and some are no numbers."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, cast

from moetui.core.fields import Field, Value
from moetui.core.records import RunRecord

T = TypeVar("T")


def ordered(runs: Iterable[RunRecord], by: Field, *, descending: bool = False) -> list[RunRecord]:
    """Runs sorted by a field; see `sorted_by`."""
    return sorted_by(list(runs), by.read, descending=descending)


def sorted_by(items: Sequence[T], value: Callable[[T], Value], *, descending: bool = False) -> list[T]:
    """Numbers, then texts, turned around if so asked; NaN and then unknown values last either way; equal ones stay in order."""
    values = [(value(item), item) for item in items]
    known = [pair for pair in values if pair[0] is not None and pair[0] == pair[0]]
    mixed = len({isinstance(known_value, str) for known_value, _ in known}) > 1
    known.sort(key=_ranked if mixed else _first, reverse=descending)
    nan = [item for found, item in values if found != found]
    unknown = [item for found, item in values if found is None]
    return [item for _, item in known] + nan + unknown


def _first(pair: tuple[Value, object]) -> float:
    return cast("float", pair[0])  # or all are texts, which compare as well


def _ranked(pair: tuple[Value, object]) -> tuple[bool, float, str]:
    found = pair[0]
    return (True, 0.0, found) if isinstance(found, str) else (False, found or 0.0, "")
