"""The measurements of a run as the detectors read them: by rising update, with each curve worked out once."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from operator import itemgetter, lt
from typing import Any

from engine.runfiles.metrics import Record, number

_LAST_UPDATE = 2**53  # beyond it a float no longer tells neighbours apart
_LARGEST = 1e100  # what is larger has no square, and is no measurement
_FLOAT = frozenset((float,))


@dataclass(frozen=True, slots=True)
class Curve:
    """Values at rising updates; both have the same length."""

    updates: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.updates)

    def last(self, count: int) -> "Curve":
        """The last so many points."""
        start = max(0, len(self) - count)
        return Curve(self.updates[start:], self.values[start:])

    def since(self, update: int) -> "Curve":
        """The points from an update on."""
        start = next((place for place, at in enumerate(self.updates) if at >= update), len(self))
        return Curve(self.updates[start:], self.values[start:])


class Measured:
    """The records of a run that count (`engine.runfiles.history`), by rising update, and the curve of each key."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.records = _in_order(list(records))
        self._curves: dict[str, Curve] = {}
        self._finite: dict[str, Curve] = {}

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys that any record has."""
        return frozenset().union(*self.records)

    def last_session(self) -> "Measured":
        """What was measured in the session of the newest update."""
        sessions = [record.get("session") for record in self.records]
        if sessions == sessions[-1:] * len(sessions):
            return self
        return Measured(record for record in self.records if record.get("session") == sessions[-1])

    def curve(self, key: str) -> Curve:
        """The finite numbers of `key`, one for each update: the last that was recorded."""
        if (known := self._finite.get(key)) is None:
            whole = self.with_non_finite(key)
            usable = all(map(math.isfinite, whole.values)) and (
                not whole.values or (max(whole.values) < _LARGEST and min(whole.values) > -_LARGEST)
            )
            known = self._finite[key] = (
                whole if usable else _curve(self._updates, [record.get(key) for record in self.records], _LARGEST)
            )
        return known

    def with_non_finite(self, key: str) -> Curve:
        """The numbers of `key` with those that are NaN, infinite, or too large to be a measurement."""
        if (known := self._curves.get(key)) is None:
            values: list[Any] = [record.get(key) for record in self.records] if key in self.keys else []
            # Every record of a log that was imported may know it, and there may be a million.
            whole = not values or (self._rising and _FLOAT.issuperset(map(type, values)))
            known = self._curves[key] = (
                Curve(self._updates if values else (), tuple(values)) if whole else _curve(self._updates, values)
            )
        return known

    @cached_property
    def _updates(self) -> tuple[int, ...]:
        return tuple(record["update"] for record in self.records)

    @cached_property
    def _rising(self) -> bool:
        return all(map(lt, self._updates, self._updates[1:]))


def _in_order(records: list[Record]) -> list[Record]:
    """The records that have an update, sorted by it."""
    updates: list[Any] = [record.get("update") for record in records]
    if not set(map(type, updates)) <= {int} or min(updates, default=0) < 0 or max(updates, default=0) > _LAST_UPDATE:
        records = [record for record in records if _has_update(record)]
    elif updates == sorted(updates):
        return records
    return sorted(records, key=itemgetter("update"))


def _has_update(record: Record) -> bool:
    update = record.get("update")
    return type(update) is int and 0 <= update <= _LAST_UPDATE


def _curve(updates: Sequence[int], values: Sequence[Any], limit: float | None = None) -> Curve:
    """The values of a key, None where it is not known; if there is a `limit` only those whose size is below it."""
    known = [value is not None for value in values]
    updates, values = list(compress(updates, known)), list(compress(values, known))
    if limit is None and _FLOAT.issuperset(map(type, values)) and all(map(lt, updates, updates[1:])):
        return Curve(tuple(updates), tuple(values))  # as most are
    points = {
        update: value
        for update, value in zip(updates, map(number, values), strict=True)
        if value is not None and (limit is None or abs(value) < limit)
    }
    return Curve(tuple(points), tuple(points.values()))
