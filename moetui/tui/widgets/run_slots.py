"""Which runs are drawn together, and in which slot of colour and marker: each run in its own, or all seeds of a group in one."""

from collections.abc import Mapping, Sequence

from moetui.core.catalogue.records import RunRecord
from moetui.tui.chart.palette import PALETTE


def drawable(runs: Sequence[RunRecord], *, by_group: bool) -> list[RunRecord]:
    """The first runs, as many as there are slots; `by_group` every run of so many groups, so that no group loses a seed."""
    own: dict[str, None] = {}
    for run in runs:
        own.setdefault(_owner(run, by_group=by_group))
    first = frozenset(list(own)[: len(PALETTE)])
    return [run for run in runs if _owner(run, by_group=by_group) in first]


def group_slots(runs: Sequence[RunRecord], slots: Mapping[str, int]) -> dict[str, int]:
    """For each run the slot of its group: that of the group's first run, or the first free one where another group has it."""
    groups: dict[str, int] = {}
    for run in runs:
        group = _owner(run, by_group=True)
        if group not in groups:
            wanted, taken = slots.get(run.id, 0), frozenset(groups.values())
            free = (place for place in range(len(PALETTE)) if place not in taken)
            groups[group] = wanted if wanted not in taken else next(free, wanted)
    return {run.id: groups[_owner(run, by_group=True)] for run in runs}


def _owner(run: RunRecord, *, by_group: bool) -> str:
    """What a slot belongs to: the run, or the group of runs that differ in their seed only."""
    return run.group or run.id if by_group else run.id
