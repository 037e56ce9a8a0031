"""The curve of one key out of the records of a run, whatever state they are in."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.runfiles.metrics import Record, decode

_LAST_UPDATE = 2**53  # beyond it a float no longer tells neighbours apart
_LARGEST = 1e100  # what is larger has no square, and is no measurement


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


def in_order(records: Iterable[Record]) -> list[Record]:
    """The records by rising update. A session of the run replaces what earlier ones recorded after its beginning."""
    kept: list[Record] = []
    session: object = None
    for record in records:
        update = record.get("update")
        if not isinstance(update, int) or isinstance(update, bool) or not 0 <= update <= _LAST_UPDATE:
            continue
        if kept and record.get("session") != session:
            kept = [old for old in kept if old["update"] <= update]
        session = record.get("session")
        kept.append(record)
    return sorted(kept, key=lambda record: record["update"])


def curve(records: Sequence[Record], key: str, *, finite: bool = True) -> Curve:
    """The numbers of `key`, one for each update, out of records that are in order; `finite` leaves the others out."""
    points: dict[int, float] = {}
    for record in records:
        value = number(record.get(key))
        if value is not None and (abs(value) < _LARGEST or not finite):
            points[record["update"]] = value
    return Curve(tuple(points), tuple(points.values()))


def number(value: object) -> float | None:
    """A measurement as a float, or None if it is none; the words of non-finite numbers are numbers."""
    value = decode(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
