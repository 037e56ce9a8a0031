"""Sorting by values of which some are unknown and some are no numbers."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar, cast

from moetui.core.catalogue.records import RunRecord
from moetui.core.query.fields import Field, Value

T = TypeVar("T")


def ordered(runs: Iterable[RunRecord], by: Field, *, descending: bool = False) -> list[RunRecord]:
    """Runs sorted by a field; see `sorted_by`."""
    return sorted_by(list(runs), by.read, descending=descending)


def sorted_by(items: Sequence[T], value: Callable[[T], Value], *, descending: bool = False) -> list[T]:
    """Numbers, then texts, turned around if so asked; NaN and then unknown values last either way; equal ones stay in order."""
    values = list(map(value, items))
    known = [place for place, found in enumerate(values) if found is not None and found == found]
    kinds = {type(values[place]) for place in known}
    if str in kinds and len(kinds) > 1:
        known.sort(key=lambda place: _ranked(values[place]), reverse=descending)
    else:
        # All are numbers, or all are texts. The cast is for the type checker; a lambda would take as long as the sort.
        known.sort(key=cast("Callable[[int], float]", values.__getitem__), reverse=descending)
    nan = [place for place, found in enumerate(values) if found != found]
    unknown = [place for place, found in enumerate(values) if found is None]
    return list(map(items.__getitem__, [*known, *nan, *unknown]))


def _ranked(found: Value) -> tuple[bool, float, str]:
    return (True, 0.0, found) if isinstance(found, str) else (False, found or 0.0, "")
