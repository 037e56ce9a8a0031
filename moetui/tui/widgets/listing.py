"""The list of runs that a table shows: filtered, sorted, and indexed by run id. Made off the screen's thread, never changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from types import MappingProxyType
from typing import cast

from moetui.core.filtering import parse_filter, searched_text
from moetui.core.records import RunRecord
from moetui.tui.widgets.columns import Column, Value


@dataclass(frozen=True, slots=True)
class Order:
    """The column that the list is sorted by, and which end comes first."""

    key: str
    descending: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Runs in the order they are shown. `rows` finds a run by its id; `best` holds the best value of columns that have one."""

    runs: tuple[RunRecord, ...] = ()
    rows: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    order: Order | None = None
    best: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    total: int = 0
    query: str = ""


class RunIndex:
    """Lists of the same runs by one filter and order after the other; what they have in common is worked out once.

    `by_id` holds all of them, whatever a filter lets through.
    """

    def __init__(self, runs: Sequence[RunRecord], columns: Sequence[Column]) -> None:
        self._runs = tuple(runs)
        self._columns = {column.key: column for column in columns}
        self._values: dict[str, list[Value]] = {}
        self._texts: list[str] = []
        self.by_id: Mapping[str, RunRecord] = {run.id: run for run in self._runs}

    def listing(self, *, order: Order | None = None, query: str = "") -> Listing:
        """Filter and sort. Without an order the runs stay as they came; equal ones stay so in any case."""
        places = self._matching(query)
        if order is not None and order.key in self._columns:
            places = _sorted(places, self._column(order.key), descending=order.descending)
        runs = tuple(map(self._runs.__getitem__, places))
        rows = {run.id: row for row, run in enumerate(runs)}
        return Listing(runs, rows, order, dict(self._best(places)), len(self._runs), query)

    def _matching(self, query: str) -> list[int]:
        wanted = parse_filter(query)
        places = list(range(len(self._runs)))
        if wanted.words:
            texts = self._texts = self._texts or list(map(searched_text, self._runs))
            places = [place for place in places if all(word in texts[place] for word in wanted.words)]
        return [place for place in places if all(test(self._runs[place]) for test in wanted.tests)]

    def _best(self, places: list[int]) -> Iterator[tuple[str, float]]:
        """The best finite value of each column that has one; none where all are equal, which would say nothing."""
        for key, column in self._columns.items():
            if not column.better:
                continue
            values = self._column(key)
            numbers = [value for place in places if isinstance(value := values[place], int | float) and isfinite(value)]
            if numbers and (low := min(numbers)) < (high := max(numbers)):
                yield key, low if column.better == "low" else high

    def _column(self, key: str) -> list[Value]:
        if key not in self._values:
            self._values[key] = list(map(self._columns[key].value, self._runs))
        return self._values[key]


def list_runs(
    runs: Sequence[RunRecord], columns: Sequence[Column] = (), *, order: Order | None = None, query: str = ""
) -> Listing:
    """One list of these runs; see `RunIndex`."""
    return RunIndex(runs, columns).listing(order=order, query=query)


def _sorted(places: list[int], values: list[Value], *, descending: bool) -> list[int]:
    """Unknown values come last, NaN before them, whichever way the rest is turned."""
    unknown = [place for place in places if values[place] is None]
    nan = [place for place in places if values[place] != values[place]]
    known = [place for place in places if values[place] is not None and values[place] == values[place]]
    comparable = cast("list[float]", values)  # or texts, but a column holds one kind only
    known.sort(key=comparable.__getitem__, reverse=descending)
    return known + nan + unknown
