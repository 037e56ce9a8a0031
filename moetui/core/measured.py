"""The measurements of a run as arrays that grow: a point takes a few bytes, so that runs of a million updates can be watched."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.health.curves import number
from engine.metrics import Record

Column = npt.NDArray[np.floating[Any]]
Loads = npt.NDArray[np.float32]
"""Layers × experts: the fraction of its layer's assignments that each expert got."""

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


class Measured:
    """What the records of one run say, key by key. Arrays that were handed out never change.

    A session that goes on from a checkpoint does some updates again: its records take the place of the earlier ones.
    """

    def __init__(self) -> None:
        self._begins: dict[int, int] = {}
        """Session → update of its first record, from which it goes on."""
        self._updates, self._sessions = _Grown(np.float64), _Grown(np.int32)
        self._tracks = {key: _Track() for key in KEYS}
        self._loads: list[tuple[int, Loads]] = []

    @property
    def resumed(self) -> tuple[int, ...]:
        """The updates from which later sessions went on."""
        return tuple(sorted(self._begins.values()))[1:]

    def track(self, key: str) -> tuple[Column, Column]:
        """Updates and values of every record that knows `key`."""
        track = self._tracks[key]
        return self._updates.view[track.places], track.values.view

    def loads(self) -> tuple[Column, tuple[Loads, ...]]:
        """Updates of the evaluations and what each expert got in them."""
        rows = np.array([row for row, _ in self._loads], dtype=np.intp)
        return self._updates.view[rows], tuple(loads for _, loads in self._loads)

    def add(self, records: Sequence[Record]) -> None:
        """Take records over, session by session."""
        sessions = [record.get("session", 1) for record in records]
        edges = [0, *(at for at in range(1, len(records)) if sessions[at] != sessions[at - 1]), len(records)]
        for start, stop in pairwise(edges):
            if stop > start:
                self._add_session(sessions[start], records[start:stop])

    def _add_session(self, session: int, records: Sequence[Record]) -> None:
        if session not in self._begins:
            begin = records[0]["update"]
            if self._updates.size:
                self._go_back(begin)
            self._begins[session] = begin
        first = self._updates.size
        self._updates.append([record["update"] for record in records])
        self._sessions.append([session] * len(records))
        for key, track in self._tracks.items():
            known = [place for place, record in enumerate(records) if record.get(key) is not None]
            if known:
                track.append(np.array(known) + first, _floats([records[place][key] for place in known]))
        for place, record in enumerate(records):
            if "expert_load" in record:
                loads = np.array([_floats(layer) for layer in record["expert_load"]], dtype=np.float32)
                self._loads.append((first + place, loads))

    def _go_back(self, begin: int) -> None:
        """Forget what earlier sessions did after `begin`, and sessions that began there or later as a whole."""
        early = [session for session, first in self._begins.items() if first < begin]
        kept = (self._updates.view <= begin) & np.isin(self._sessions.view, early)
        place = np.cumsum(kept) - 1
        tracks, self._tracks = self._tracks, {key: _Track() for key in KEYS}
        for key, track in tracks.items():
            staying = kept[track.places]
            if staying.any():
                self._tracks[key].append(place[track.rows[staying]], track.values.view[staying])
        self._loads = [(int(place[row]), loads) for row, loads in self._loads if kept[row]]
        for grown in (self._updates, self._sessions):
            grown.replace(grown.view[kept])


class _Track:
    """The values of one metric and their rows, which are only kept where they do not follow one another."""

    def __init__(self) -> None:
        self.values = _Grown(np.float32)
        self._first = 0
        self._rows: _Grown | None = None

    @property
    def places(self) -> slice | npt.NDArray[Any]:
        """The rows as an index; of the usual metric it needs no copy."""
        return slice(self._first, self._first + self.values.size) if self._rows is None else self._rows.view

    @property
    def rows(self) -> npt.NDArray[Any]:
        return np.arange(self._first, self._first + self.values.size) if self._rows is None else self._rows.view

    def append(self, rows: npt.NDArray[Any], values: npt.NDArray[np.float32]) -> None:
        if not self.values.size:
            self._first = int(rows[0])
        following = rows[0] == self._first + self.values.size and rows[-1] - rows[0] + 1 == rows.size
        if self._rows is None and not following:
            before, self._rows = self.rows, _Grown(np.int32)
            self._rows.append(before)
        if self._rows is not None:
            self._rows.append(rows)
        self.values.append(values)


class _Grown:
    """An array that grows at its end; views of it stay as they are."""

    def __init__(self, kind: npt.DTypeLike) -> None:
        self._room = np.empty(0, kind)
        self.size = 0

    @property
    def view(self) -> npt.NDArray[Any]:
        return self._room[: self.size]

    def append(self, values: npt.ArrayLike) -> None:
        new = np.asarray(values, dtype=self._room.dtype)
        if self.size + new.size > self._room.size:
            room = np.empty((self.size + new.size) * 5 // 4 + 16, self._room.dtype)
            room[: self.size] = self.view
            self._room = room
        self._room[self.size : self.size + new.size] = new
        self.size += new.size

    def replace(self, values: npt.NDArray[Any]) -> None:
        self._room, self.size = values.astype(self._room.dtype), values.size


def _floats(values: list[Any]) -> npt.NDArray[np.float32]:
    """The values as numbers; what is none becomes NaN."""
    try:
        return np.array(values, dtype=np.float32)
    except (ValueError, TypeError):
        return np.array([number(value) for value in values], dtype=np.float32)
