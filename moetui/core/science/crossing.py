"""Two keys of the configuration that a study crosses: the table of their combinations, and which part of it can be analysed."""

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import short_key
from moetui.core.planning.settings import default_settings
from moetui.core.science.groups import Group

NAMED = 8
"""So many gaps of a level that is left out are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The runs of one combination of levels.

    `values` are by seed, or a tuple where a run has none. `reason` tells why the cell cannot be analysed; empty if it can.
    """

    levels: tuple[str, str]
    values: Mapping[int, float] | tuple[float, ...]
    run_ids: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two keys, by their names, and their levels in ascending order; `cells` are the combinations that were run.

    `kept` are the levels of the part of the table that has every combination, `left_out` the others with the reason in words.
    """

    keys: tuple[str, str]
    names: tuple[str, str]
    levels: tuple[tuple[str, ...], tuple[str, ...]]
    cells: tuple[Cell, ...]
    kept: tuple[tuple[str, ...], tuple[str, ...]]
    left_out: tuple[str, ...]

    @property
    def crossed(self) -> bool:
        """Whether the complete part has two levels of each key and at least half of the combinations that were run."""
        first, second = map(len, self.kept)
        return min(first, second) >= 2 and 2 * first * second >= len(self.cells)

    @property
    def complete(self) -> tuple[Cell, ...]:
        """The cells of the complete part: all levels of the second key at the first level of the first key, and so on."""
        by_levels = {cell.levels: cell for cell in self.cells}
        return tuple(by_levels[first, second] for first in self.kept[0] for second in self.kept[1])


def crossing(groups: Sequence[Group]) -> Crossing | None:
    """The table of settings that differ in exactly two keys of the configuration apart from the seed; None for any others."""
    tried = [group for group in groups if group.tried and group.samples]
    keys = _differing([record for group in tried for record in _settings_of(group)])
    if len(keys) != 2 or any(sample.record.published for group in tried for sample in group.samples):
        return None
    found = [{key: group.samples[0].record.setting(key) for key in keys} for group in tried]
    levels = [_ordered([values[key] for values in found]) for key in keys]
    cells = [
        _cell(group, (_label(values[keys[0]]), _label(values[keys[1]])))
        for group, values in zip(tried, found, strict=True)
    ]
    if len({cell.levels for cell in cells}) < len(cells):
        return None  # two settings that the keys do not tell apart, such as runs that begin with other weights
    return tabulate((keys[0], keys[1]), (levels[0], levels[1]), cells)


def tabulate(keys: tuple[str, str], levels: tuple[Sequence[str], Sequence[str]], cells: Sequence[Cell]) -> Crossing:
    """A crossing from its cells. Levels are left out, those with the most gaps first, until every combination is there."""
    able = [cell.levels for cell in cells if not cell.reason]
    part = _Part(levels, able)
    reasons = {cell.levels: cell.reason for cell in cells}
    left_out = []
    while (worst := part.most_gaps()) is not None:
        axis, level = worst
        why = [
            _gap(other, axis, keys, reasons.get((level, other) if axis == 0 else (other, level)))
            for other in itertools.islice(part.gaps(axis, level), NAMED)
        ]
        if (more := part.count(axis, level) - NAMED) > 0:
            why.append(f"and {more} more")
        left_out.append(f"{short_key(keys[axis])} {level} ({'; '.join(why)})")
        part.remove(axis, level)
    return Crossing(
        keys=keys,
        names=(short_key(keys[0]), short_key(keys[1])),
        levels=(tuple(levels[0]), tuple(levels[1])),
        cells=tuple(cells),
        kept=(tuple(part.partners[0]), tuple(part.partners[1])),
        left_out=tuple(left_out),
    )


class _Part:
    """The part of a table that is left. `partners` has its levels on each axis with the ones that they have a cell with."""

    def __init__(self, levels: tuple[Sequence[str], Sequence[str]], able: Sequence[tuple[str, str]]) -> None:
        self.partners: tuple[dict[str, set[str]], ...] = tuple({level: set() for level in axis} for axis in levels)
        for first, second in able:
            self.partners[0][first].add(second)
            self.partners[1][second].add(first)
        self._place = [{level: place for place, level in enumerate(axis)} for axis in self.partners]
        self._fewest: list[list[tuple[int, int, str]]] = [[], []]
        for axis in (0, 1):
            for level in self.partners[axis]:
                self._queue(axis, level)

    def most_gaps(self) -> tuple[int, str] | None:
        """The axis and the level with the largest share of gaps, the first of several; None if there are no gaps."""
        found: tuple[int, str] | None = None
        largest = 0.0
        for axis in (0, 1):
            others = len(self.partners[1 - axis])
            if others and (level := self._emptiest(axis)) is not None:
                share = self.count(axis, level) / others
                if share > largest:
                    largest, found = share, (axis, level)
        return found

    def gaps(self, axis: int, level: str) -> Iterator[str]:
        """The levels of the other axis that have no cell with this one."""
        there = self.partners[axis][level]
        return (other for other in self.partners[1 - axis] if other not in there)

    def count(self, axis: int, level: str) -> int:
        """How many these are."""
        return len(self.partners[1 - axis]) - len(self.partners[axis][level])

    def remove(self, axis: int, level: str) -> None:
        """Leave a level out."""
        for other in self.partners[axis].pop(level):
            self.partners[1 - axis][other].discard(level)
            self._queue(1 - axis, other)

    def _queue(self, axis: int, level: str) -> None:
        heapq.heappush(self._fewest[axis], (len(self.partners[axis][level]), self._place[axis][level], level))

    def _emptiest(self, axis: int) -> str | None:
        queue = self._fewest[axis]
        while queue:
            count, _, level = queue[0]
            if level in self.partners[axis] and len(self.partners[axis][level]) == count:
                return level
            heapq.heappop(queue)  # it was left out, or has lost cells since
        return None


def _gap(other: str, axis: int, keys: tuple[str, str], reason: str | None) -> str:
    """Why a combination is missing: `floor 0.2: not run`."""
    return f"{short_key(keys[1 - axis])} {other}: {reason or 'not run'}"


def _cell(group: Group, levels: tuple[str, str]) -> Cell:
    by_seed = {
        one.record.seed: one.value for one in group.counted if one.record.seed is not None and one.value is not None
    }
    seeds_known = len(by_seed) == group.n
    values: Mapping[int, float] | tuple[float, ...] = by_seed if seeds_known else group.values
    reason = ""
    if group.diverged:
        reason = f"{len(group.diverged)} of {group.n + len(group.diverged)} diverged"
    elif group.n < 2:
        reason = "one seed"
    return Cell(levels, values, tuple(one.record.id for one in group.counted), reason)


def _settings_of(group: Group) -> Iterator[RunRecord]:
    """A run for each setting of a group: runs of our own have one, imported ones are together because somebody says so."""
    several = any(one.record.imported for one in group.samples)
    return (one.record for one in (group.samples if several else group.samples[:1]))


def _differing(records: Sequence[RunRecord]) -> list[str]:
    told = [(r.point if r.settings is None else r.settings, r.configured) for r in records]
    owned = set[str]().union(*(own for own, _ in told))

    def varies(key: str, default: Any) -> bool:
        """Whether the values differ; what `setting` gives of each run, without a call for each."""
        values = (own.get(key, default if configured else None) for own, configured in told)
        first = next(values)
        return any(value != first for value in values)

    return [key for key, default in default_settings().items() if key in owned and varies(key, default)]


def _ordered(values: Sequence[Any]) -> tuple[str, ...]:
    """The labels of values, each once: numbers in ascending order, others as they come."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return tuple(dict.fromkeys(map(_label, sorted(values) if numbers else values)))


def _label(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
