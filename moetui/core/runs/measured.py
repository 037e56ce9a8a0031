"""The measurements of a run as arrays that grow: a point takes a few bytes, so that runs of a million updates can be watched."""

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import compress, pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.health.curves import number
from engine.runfiles.metrics import Record

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


class Measured:
    """What the records of one run say, key by key. Arrays that were handed out never change.

    A session that goes on from a checkpoint does some updates again: its records take the place of the earlier ones.
    """

    def __init__(self) -> None:
        self._begins: dict[int, int] = {}
        """Session → update of its first record, from which it goes on."""
        self._groups = [_Group((*KEYS, LOADS))]

    @property
    def resumed(self) -> tuple[int, ...]:
        """The updates from which later sessions went on."""
        return tuple(sorted(self._begins.values()))[1:]

    def track(self, key: str) -> tuple[Column, Column]:
        """Updates and values of every record that knows `key`, one of `KEYS` or `LOADS`."""
        group = next(group for group in self._groups if key in group.values)
        return group.updates.view, group.values[key].view

    def add(self, records: Sequence[Record], expected: float = 1.0) -> None:
        """Take records over. `expected`: how many times as many there will probably be in all, so that they get room at once."""
        sessions = [record.get("session", 1) for record in records]
        edges = [0, *(at for at in range(1, len(records)) if sessions[at] != sessions[at - 1]), len(records)]
        for start, stop in pairwise(edges):
            if stop > start:
                self._add_session(sessions[start], records[start:stop], expected)

    def _add_session(self, session: int, records: Sequence[Record], expected: float) -> None:
        if session not in self._begins:
            begin = records[0]["update"]
            if self._begins:
                self._go_back(begin)
            self._begins[session] = begin
        for group in list(self._groups):
            knowing: dict[bytes, list[str]] = defaultdict(list)
            for key in group.values:
                knowing[bytes(record.get(key) is not None for record in records)].append(key)
            # Metrics that were known together so far and no longer are go apart.
            parts = [group, *(group.split(keys) for keys in list(knowing.values())[1:])]
            self._groups += parts[1:]
            for part, known in zip(parts, knowing, strict=True):
                part.add(session, list(compress(records, known)), expected)

    def _go_back(self, begin: int) -> None:
        """Forget what earlier sessions did after `begin`, and sessions that began there or later as a whole."""
        early = [session for session, first in self._begins.items() if first < begin]
        for group in self._groups:
            group.keep(begin, early)


class _Group:
    """Metrics that the same records know: the updates once, and the values of each."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.updates = _Grown()
        self.values = {key: _Grown() for key in keys}
        self._stretches: list[tuple[int, int]] = []
        """A session and how many rows are from it, in the order of the rows."""

    def add(self, session: int, records: Sequence[Record], expected: float) -> None:
        """Append what the records say; all of them know all the metrics."""
        if records:
            self.updates.append([record["update"] for record in records], expected)
            for key, values in self.values.items():
                values.append([record[key] for record in records], expected)
            before = self._stretches.pop()[1] if self._stretches and self._stretches[-1][0] == session else 0
            self._stretches.append((session, before + len(records)))

    def split(self, keys: Iterable[str]) -> "_Group":
        """Move some of the metrics into a group of their own."""
        apart = _Group(())
        apart.updates.append(self.updates.view, 1.0)
        apart.values = {key: self.values.pop(key) for key in keys}
        apart._stretches = list(self._stretches)
        return apart

    def keep(self, last: int, sessions: Sequence[int]) -> None:
        """Keep only the rows of these sessions, up to the update `last`."""
        stretches, self._stretches, start = self._stretches, [], 0
        kept = self.updates.view <= last
        for session, rows in stretches:
            kept[start : start + rows] &= session in sessions
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
