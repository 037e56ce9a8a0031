"""The measurements of a run as arrays that grow: a point takes a few bytes, so that runs of a million updates can be watched."""

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.runfiles.metrics import Record, number
from engine.runfiles.sessions import Replaced, Sessions

Column = npt.NDArray[np.floating[Any]]

KEYS: Final = (
    "tokens",
    "seconds",
    "train_loss",
    "val_loss",
    "train_accuracy",
    "val_accuracy",
    "val_perplexity",
    "lr",
    "tokens_per_second",
    "grad_norm",
    "noise_scale",
    "noise_scale_embedding",
    "router_entropy",
    "expert_load_max",
    "expert_load_min",
    "peak_memory",
    "mfu",
    "data_wait",
)
"""The numbers of a record that can be drawn; units as in docs/formats.md."""

LOADS: Final = "expert_load"
"""Of an evaluation, layers × experts: the fraction of its layer's assignments that each expert got."""

_DRAWN = frozenset((*KEYS, LOADS))


class Columns:
    """What the records of one run that count say, key by key. Arrays that were handed out never change."""

    def __init__(self) -> None:
        self._sessions = Sessions()
        self._groups = [_Group((*KEYS, LOADS))]

    @property
    def resumed(self) -> tuple[int, ...]:
        """The updates from which later sessions went on."""
        return self._sessions.resumed

    def track(self, key: str) -> tuple[Column, Column]:
        """Updates and values of every record that knows `key`, one of `KEYS` or `LOADS`."""
        group = next(group for group in self._groups if key in group.values)
        return group.updates.view, group.values[key].view

    def add(self, records: Sequence[Record], expected: float = 1.0) -> bool:
        """Take records over; True if some of those before no longer count.

        `expected`: how many times as many there will probably be in all, so that they get room at once.
        """
        sessions = [record.get("session", 1) for record in records]
        if len(set(sessions)) <= 1:
            return bool(records) and self._add_session(sessions[0], records, expected)
        edges = [0, *(at for at in range(1, len(records)) if sessions[at] != sessions[at - 1]), len(records)]
        parts = [self._add_session(sessions[start], records[start:stop], expected) for start, stop in pairwise(edges)]
        return any(parts)

    def _add_session(self, session: int, records: Sequence[Record], expected: float) -> bool:
        replaced = self._sessions.enter(session, records[0]["update"])
        if replaced is not None:
            for group in self._groups:
                group.drop(replaced)
        columns = {key: [record.get(key) for record in records] for key in _DRAWN & frozenset().union(*records)}
        columns["update"] = [record["update"] for record in records]
        for group in list(self._groups):
            knowing: dict[bytes, list[str]] = defaultdict(list)
            for key in group.values:
                knowing[_known(columns.get(key), len(records))].append(key)
            # Metrics that were known together so far and no longer are go apart.
            parts = [group, *(group.split(keys) for keys in list(knowing.values())[1:])]
            self._groups += parts[1:]
            for part, (known, keys) in zip(parts, knowing.items(), strict=True):
                if any(known):
                    rows = {key: list(compress(columns[key], known)) for key in ("update", *keys)}
                    part.add(session, rows, expected)
        return replaced is not None


def _known(values: list[Any] | None, count: int) -> bytes:
    """For each of so many records whether it knows a value."""
    if values is None:
        return bytes(count)
    return bytes(value is not None for value in values) if None in values else b"\1" * count


class _Group:
    """Metrics that the same records know: the updates once, and the values of each."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.updates = _Grown()
        self.values = {key: _Grown() for key in keys}
        self._stretches: list[tuple[int, int]] = []
        """A session and how many rows are from it, in the order of the rows."""

    def add(self, session: int, rows: Mapping[str, list[Any]], expected: float) -> None:
        """Append the updates and values of records of one session, each of which knows all the metrics."""
        self.updates.append(rows["update"], expected)
        for key, values in self.values.items():
            values.append(rows[key], expected)
        before = self._stretches.pop()[1] if self._stretches and self._stretches[-1][0] == session else 0
        self._stretches.append((session, before + len(rows["update"])))

    def split(self, keys: Iterable[str]) -> "_Group":
        """Move some of the metrics into a group of their own."""
        apart = _Group(())
        apart.updates.append(self.updates.view, 1.0)
        apart.values = {key: self.values.pop(key) for key in keys}
        apart._stretches = list(self._stretches)
        return apart

    def drop(self, replaced: Replaced) -> None:
        """Forget the rows that no longer count."""
        stretches, self._stretches, start = self._stretches, [], 0
        kept = self.updates.view <= replaced.update
        for session, rows in stretches:
            if session in replaced.sessions:
                kept[start : start + rows] = False
            self._stretches.append((session, int(kept[start : start + rows].sum())))
            start += rows
        for grown in (self.updates, *self.values.values()):
            grown.replace(grown.view[kept])


class _Grown:
    """Numbers, or tables of them, that grow at their end; views stay as they are. Updates are exact up to sixteen million."""

    def __init__(self) -> None:
        self._room = np.empty(0, np.float32)
        self._size = 0

    @property
    def view(self) -> npt.NDArray[np.float32]:
        return self._room[: self._size]

    def append(self, values: Column | list[Any], expected: float) -> None:
        """Add values, of which there will probably be `expected` times as many in all."""
        new = _floats(values)
        if self._size and new.shape[1:] != self._room.shape[1:]:
            new = np.full(
                (len(new), *self._room.shape[1:]), np.nan, np.float32
            )  # a table of another shape than all before
        size = self._size + len(new)
        if size > len(self._room):
            # Room that is not written to takes no memory, and moving a growing array leaves holes in it.
            rows = max(size * 5 // 4 + 16, 0 if self._size else int(len(new) * expected))
            room = np.empty((rows, *new.shape[1:]), np.float32)
            if self._size:
                room[: self._size] = self.view
            self._room = room
        self._room[self._size : size] = new
        self._size = size

    def replace(self, values: npt.NDArray[np.float32]) -> None:
        """Take these values in the place of all."""
        self._room, self._size = values, len(values)


def _floats(values: Column | list[Any]) -> npt.NDArray[np.float32]:
    """The values as numbers; what is none becomes NaN."""
    try:
        return np.array(values, dtype=np.float32)
    except (ValueError, TypeError):
        with contextlib.suppress(ValueError):  # rows of unequal length are no table
            return np.array([_number(value) for value in values], dtype=np.float32)
        return np.full(len(values), np.nan, np.float32)


def _number(value: Any) -> Any:
    return [_number(one) for one in value] if isinstance(value, list) else number(value)
