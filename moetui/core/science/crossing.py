"""Two keys of the configuration that a study crosses: the table of their combinations, and which part of it can be analysed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moetui.core.fields import setting
from moetui.core.plan import short_key
from moetui.core.records import RunRecord
from moetui.core.science.groups import Group
from moetui.core.settings import default_settings


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
    records = [sample.record for group in tried for sample in group.samples]
    keys = _differing(records)
    if len(keys) != 2 or any(record.published for record in records):
        return None
    found = [
        {key: setting(group.samples[0].record, key) for key in keys}  # all runs of a group have one setting
        for group in tried
    ]
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
    able = {cell.levels for cell in cells if not cell.reason}
    kept = [list(levels[0]), list(levels[1])]
    left_out = []
    while gaps := [(a, b) for a in kept[0] for b in kept[1] if (a, b) not in able]:
        shares = [
            (sum(gap[axis] == level for gap in gaps) / len(kept[1 - axis]), axis, level)
            for axis in (0, 1)
            for level in kept[axis]
        ]
        _, axis, level = max(shares, key=lambda one: one[0])
        kept[axis].remove(level)
        reasons = {cell.levels: cell.reason for cell in cells}
        why = [_gap(gap, axis, keys, reasons) for gap in gaps if gap[axis] == level]
        left_out.append(f"{short_key(keys[axis])} {level} ({'; '.join(why)})")
    return Crossing(
        keys=keys,
        names=(short_key(keys[0]), short_key(keys[1])),
        levels=(tuple(levels[0]), tuple(levels[1])),
        cells=tuple(cells),
        kept=(tuple(kept[0]), tuple(kept[1])),
        left_out=tuple(left_out),
    )


def _gap(gap: tuple[str, str], axis: int, keys: tuple[str, str], reasons: Mapping[tuple[str, str], str]) -> str:
    """Why a combination is missing: `floor 0.2: not run`."""
    return f"{short_key(keys[1 - axis])} {gap[1 - axis]}: {reasons.get(gap) or 'not run'}"


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


def _differing(records: Sequence[RunRecord]) -> list[str]:
    owned = {key for record in records for key in record.settings or record.point}
    return [
        key
        for key in default_settings()
        if key in owned and len({repr(setting(record, key)) for record in records}) > 1
    ]


def _ordered(values: Sequence[Any]) -> tuple[str, ...]:
    """The labels of values, each once: numbers in ascending order, others as they come."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return tuple(dict.fromkeys(map(_label, sorted(values) if numbers else values)))


def _label(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
