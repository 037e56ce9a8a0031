"""The measurements of a run as columns of numbers, read incrementally as the run goes on."""

from __future__ import annotations  # records alone need no numpy, and so most commands do not wait for it

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.runfiles.metrics import MetricsReader, Record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Column = npt.NDArray[np.float64]

X_AXES: Final = ("update", "tokens", "seconds")


class History:
    """The metrics of one run. `refresh` reads what is new; `series` gives a column against an axis.

    A session that goes on from a checkpoint does some updates again: its records take the place of the earlier ones.
    """

    def __init__(self, path: Path) -> None:
        self._reader = MetricsReader(path)
        self._rows: list[Record] = []
        self._begins: dict[int, int] = {}  # session → update of its first record, from which it goes on
        self._columns: dict[tuple[str, str], tuple[Column, Column]] = {}
        self.added: list[Record] = []
        """What the last `refresh` has read."""

    def __len__(self) -> int:
        return len(self._rows)

    def refresh(self) -> bool:
        """Read what was added since the last call; True if anything was."""
        self.added = self._reader.read()
        if self._reader.replaced:
            self._rows, self._begins = [], {}
        for record in self.added:
            self._add(record)
        if self.added or self._reader.replaced:
            self._columns = {}
            return True
        return False

    def _add(self, record: Record) -> None:
        session, begin = record.get("session", 1), record["update"]
        if session not in self._begins:
            # A session that began here or later has been done anew from its beginning.
            self._rows = [
                row for row in self._rows if row["update"] <= begin and self._begins[row.get("session", 1)] < begin
            ]
            self._begins[session] = begin
        self._rows.append(record)

    @property
    def records(self) -> list[Record]:
        """All records that still count, oldest first."""
        return self._rows

    def series(self, key: str, axis: str = "update") -> tuple[Column, Column]:
        """Axis and values of every record that knows `key`, as float arrays of equal length."""
        import numpy as np

        if (cached := self._columns.get((key, axis))) is None:
            pairs = [(row[axis], row[key]) for row in self._rows if _number(row.get(key)) and _number(row.get(axis))]
            table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
            cached = self._columns[(key, axis)] = (table[:, 0], table[:, 1])
        return cached

    def last(self, key: str) -> float | None:
        """The newest value of `key`."""
        return next((float(row[key]) for row in reversed(self._rows) if _number(row.get(key))), None)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
