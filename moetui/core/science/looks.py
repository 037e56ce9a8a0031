"""At which level a study is tested, so that looking again after adding seeds does not raise the error rate over all looks.

Seeds may be added until there is a verdict. Tested at 5 % each time, some verdict is false in 12 % of studies without any
difference (looks at 3, 6 and 12 seeds; Armitage, McPherson and Rowe 1969). So the levels of all looks together spend 5 %.
"""

from collections.abc import Iterable

from moetui.core.science.groups import Group

AT_ONCE = 0.04
"""Level of a study whose runs were all queued before the first one ended: nobody could look before it was complete."""
PAIR_AT_ONCE = 0.02
"""The same with two seeds, which tell too little of unequal noise."""
GROWN = ((2, 0.01), (3, 0.025), (6, 0.0075), (12, 0.004))
"""Levels of a study that has grown, or may have, each up to so many seeds; every further doubling halves the last one."""


def level(groups: Iterable[Group], *, at_once: bool) -> float:
    """The level at which the groups are told apart: that of the largest or of the smallest number of runs, whichever is stricter.

    Two runs tell too little of unequal noise, also where other settings have more.
    """
    counts = [group.n for group in groups if group.n > 1] or [2]
    return min(level_of(seeds, at_once=at_once) for seeds in (min(counts), max(counts)))


def level_of(seeds: int, *, at_once: bool) -> float:
    """The level with so many seeds in a study that was queued at once or not."""
    if at_once:
        return PAIR_AT_ONCE if seeds <= 2 else AT_ONCE
    for most, share in GROWN:
        if seeds <= most:
            return share
    most, share = GROWN[-1]
    while seeds > most:
        most, share = 2 * most, share / 2
    return share


def planned_at_once(group: Group) -> bool:
    """Whether all runs of a group that have a value were queued before the first of them ended. Unknown times count as no.

    Nor was a setting of which runs were pruned: somebody looked, and left out the others because of what there was to see.
    """
    if any(sample.record.pruned for sample in group.samples):
        return False
    records = [sample.record for sample in group.counted]
    ends = [record.ended for record in records if record.ended]
    if len(ends) < len(records) or not all(record.created for record in records):
        return False
    return max(record.created for record in records) < min(ends)
