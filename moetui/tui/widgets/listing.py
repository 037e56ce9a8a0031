"""The list of runs that a table shows: filtered, sorted, grouped and indexed. Made off the screen's thread, never changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from moetui.core.catalogue.records import RunRecord
from moetui.core.query import fields
from moetui.core.query.fields import Field, Value
from moetui.core.query.filtering import parse_filter, searched_text
from moetui.core.query.grouping import Together, measure_of, together
from moetui.core.query.ordering import sorted_by
from moetui.core.studies.differing import differing_settings
from moetui.tui.widgets.columns import Column
from moetui.tui.widgets.run_columns import COLUMNS, NAME, column, columns_of

Line = RunRecord | Together
Read = Callable[[RunRecord], Value]


@dataclass(frozen=True, slots=True)
class Order:
    """The key that the list is sorted by, and which end comes first."""

    key: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of the runs, and how. `group` is a key or empty; `differing` leaves out columns that say the same of all."""

    columns: tuple[str, ...] = tuple(usual.key for usual in COLUMNS)
    order: Order | None = None
    group: str = ""
    differing: bool = False
    archived: bool = False
    query: str = ""
    folded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Runs in the order they are shown, and the lines that show them: between the runs those of their groups.

    `rows` finds a line by the id of its run or group; `best` holds the best value of columns that have one. `total` counts the runs
    that there are without the filter, `hidden` the archived ones among those left out.
    """

    runs: tuple[RunRecord, ...] = ()
    lines: tuple[Line, ...] = ()
    rows: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    columns: tuple[Column, ...] = COLUMNS
    best: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    view: View = View()
    total: int = 0
    hidden: int = 0

    @property
    def order(self) -> Order | None:
        """What the list is sorted by; None is the order in which the runs came."""
        return self.view.order

    @property
    def measure(self) -> Field:
        """What the groups are judged by."""
        return measure_of(self.order.key if self.order else "")


class RunIndex:
    """Lists of the same runs by one view after the other; what they have in common is worked out once.

    `by_id` holds all of them, whatever a filter lets through. What `before`, an index of the same laboratory a moment ago, knows of
    runs that have not changed is taken over.
    """

    def __init__(self, runs: Sequence[RunRecord], before: "RunIndex | None" = None) -> None:
        self.runs = tuple(runs)
        self._known: dict[str, list[Value]] = {}
        self._arrays: dict[str, npt.NDArray[np.float64]] = {}
        self._ids = [run.id for run in self.runs]
        self._archived = frozenset(place for place, run in enumerate(self.runs) if run.archived is not None)
        self.by_id: Mapping[str, RunRecord] = dict(zip(self._ids, self.runs, strict=True))
        if before is not None and len(before.runs) == len(self.runs):
            changed = [place for place, run in enumerate(self.runs) if run is not before.runs[place]]
            if len(changed) < len(self.runs) // 2:
                # A copy: another thread may be reading ahead there.
                self._known = {key: self._amended(key, known, changed) for key, known in dict(before._known).items()}

    def listing(self, view: View, missing: Callable[[str], int] = lambda study: 0) -> Listing:
        """Filter, sort and group. Without an order the runs stay as they came; equal ones stay so in any case.

        `missing` tells how many runs of a study were never queued. Raises `FilterError`, and `UsageError` for an unknown key.
        """
        places, hidden = self._matching(view)
        best = dict(self._best(places))
        if view.order is not None:
            values = self._values(view.order.key)
            places = sorted_by(places, values.__getitem__, descending=view.order.descending)
        runs = tuple(map(self.runs.__getitem__, places))
        lines = tuple(_lines(runs, view, missing)) if view.group else runs
        ids = [line.id for line in lines] if view.group else list(map(self._ids.__getitem__, places))
        rows = dict(zip(ids, range(len(ids)), strict=True))
        sorted_by_key = (view.order.key,) if view.order else ()
        columns = _differing(runs, view) if view.differing else columns_of((*view.columns, *sorted_by_key))
        return Listing(
            runs,
            lines,
            rows,
            columns,
            best,
            view,
            len(self.runs) - (0 if view.archived else len(self._archived)),
            hidden,
        )

    def read_ahead(self) -> None:
        """Read the columns of the table, so that the first sort by one of them takes no longer than the second."""
        for usual in COLUMNS:
            self._values(usual.key)

    def _matching(self, view: View) -> tuple[list[int], int]:
        """The places of the runs that the filter lets through, and how many archived ones were left out."""
        wanted = parse_filter(view.query, typing=True)
        runs = self.runs
        if wanted.has_words:
            texts = self._cached("", searched_text)
            places = [place for place, run in enumerate(runs) if wanted.test(run, str(texts[place]))]
        elif not view.query.strip():
            places = list(range(len(runs)))
        else:
            places = [place for place, run in enumerate(runs) if wanted.test(run, "")]
        if view.archived or wanted.asks_archived:
            return places, 0
        shown = [place for place in places if place not in self._archived] if self._archived else places
        return shown, len(places) - len(shown)

    def _best(self, places: list[int]) -> Iterator[tuple[str, float]]:
        """The best finite value of each usual column that has one; none where all are equal, which would say nothing."""
        for usual in COLUMNS:
            if not usual.better:
                continue
            numbers = self._numbers(usual.key)[places]
            numbers = numbers[np.isfinite(numbers)]
            if numbers.size and (low := float(numbers.min())) < (high := float(numbers.max())):
                yield usual.key, low if usual.better == "low" else high

    def _numbers(self, key: str) -> npt.NDArray[np.float64]:
        """The values of a column of numbers, NaN where a run has none."""
        if key not in self._arrays:
            self._arrays[key] = np.array([np.nan if value is None else value for value in self._values(key)], float)
        return self._arrays[key]

    def _values(self, key: str) -> list[Value]:
        return self._cached(key, column(key).value)

    def _cached(self, key: str, read: Read) -> list[Value]:
        if key not in self._known:
            self._known[key] = list(map(read, self.runs))
        return self._known[key]

    def _amended(self, key: str, known: list[Value], changed: Sequence[int]) -> list[Value]:
        read = column(key).value if key else searched_text
        amended = known.copy()
        for place in changed:
            amended[place] = read(self.runs[place])
        return amended


def list_runs(runs: Sequence[RunRecord], view: View | None = None) -> Listing:
    """One list of these runs; see `RunIndex`."""
    return RunIndex(runs).listing(view or View())


def _lines(runs: Sequence[RunRecord], view: View, missing: Callable[[str], int]) -> Iterator[Line]:
    """Each group, and below it its runs unless it is folded."""
    measure = measure_of(view.order.key if view.order else "")
    for group in together(runs, fields.field(view.group), measure, missing):
        yield group
        if group.id not in view.folded:
            yield from group.runs


def _unlike(column: Column, one: RunRecord, other: RunRecord) -> bool:
    return column.value(one) != column.value(other)


def _differing(runs: Sequence[RunRecord], view: View) -> tuple[Column, ...]:
    """The chosen columns that do not say the same of all runs, then every key of the configuration in which these differ."""
    told = [one for one in columns_of(view.columns) if one is NAME or any(_unlike(one, runs[0], run) for run in runs)]
    order = view.order.key if view.order else ""
    keys = [key for key in differing_settings(runs) if key not in ("optimizer.lr", "training.updates")]
    return tuple({one.key: one for one in (*told, *map(column, keys), *([column(order)] if order else ()))}.values())
