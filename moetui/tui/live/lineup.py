"""Which runs the Live screen lists, in which order, and which of them it charts while it follows the newest.

Everything here depends on the runs alone, so that a second terminal, or the same one after it was closed, shows the same.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from moetui.core.catalogue.records import RunRecord
from moetui.tui.chart.palette import PALETTE
from moetui.tui.widgets.run_slots import drawable

ROOM = len(PALETTE)
"""Runs on the charts at once: as many as there are slots of colour and marker."""

RECENT = 500
"""Runs that the list goes back, those that have not ended yet apart."""

LAUNCH_GAP = 1.0
"""Seconds between two runs that were not queued together; a launch queues its runs a millisecond apart."""

JUST_ENDED = 600.0
"""Seconds for which a launch that has ended stays more interesting than an older one that still trains."""

Launch = tuple[RunRecord, ...]


def launches(runs: Sequence[RunRecord]) -> list[Launch]:
    """Runs that were queued together, in the order of the queue; the newest launch first. Records alone are left out."""
    own = [run for index, run in enumerate(run for run in runs if run.path) if index < RECENT or run.pending]
    own.sort(key=lambda run: run.created)
    groups: list[list[RunRecord]] = [[run] for run in own[:1]]
    for before, run in pairwise(own):
        if run.created - before.created > LAUNCH_GAP:
            groups.append([])
        groups[-1].append(run)
    return [tuple(group) for group in reversed(groups)]


def given(runs: Sequence[RunRecord], run_ids: Sequence[str]) -> list[Launch]:
    """The runs that were asked for by id, in that order, as one launch; ids without a run are left out."""
    known = {run.id: run for run in runs}
    found = tuple(known[run_id] for run_id in dict.fromkeys(run_ids) if run_id in known)
    return [found] if found else []


def followed(groups: Sequence[Launch], now: float, *, by_group: bool = False) -> list[RunRecord]:
    """The runs to chart: of the newest launch that is at work or just ended those started last, then others that train now.

    As many as there is `ROOM` for or, `by_group`, all seeds of so many groups. Runs that wait are there too if there is room, since
    their plan can be drawn.
    """
    if not groups:
        return []
    busy = [group for group in groups if any(run.pending or now - (run.ended or 0.0) < JUST_ENDED for run in group)]
    begun = [group for group in busy if any(not run.waiting for run in group)]
    group = (begun or busy or groups)[0]
    last = max((index for index, run in enumerate(group) if not run.waiting), default=0)
    begun_last = list(reversed(group[: last + 1]))
    newest = {run.id for run in drawable(begun_last, by_group=by_group)}
    chosen = [run for run in group[: last + 1] if run.id in newest] + list(group[last + 1 :])
    others = [run for other in groups if other is not group for run in other if run.live]
    return drawable([*chosen, *others], by_group=by_group)


def study_of(run: RunRecord, groups: Sequence[Launch]) -> list[RunRecord]:
    """The runs of the same study as `run`, those launched with it first; without a study, those launched with it."""
    own = next((group for group in groups if run in group), (run,))
    if not run.study:
        return list(own)
    return [
        other for group in (own, *(group for group in groups if group is not own)) for other in group
        if other.study == run.study
    ]  # fmt: skip


def assign_slots(charted: Sequence[RunRecord], groups: Sequence[Launch], held: Mapping[str, int]) -> dict[str, int]:
    """A slot for each charted run: the one it holds, else the one of its place in its launch if free, else the first free one."""
    places = {run.id: index % ROOM for group in groups for index, run in enumerate(group)}
    slots = {run.id: held[run.id] for run in charted if run.id in held}
    for run in charted:
        if run.id not in slots:
            slots[run.id] = _free(places.get(run.id, 0), slots.values())
    return slots


def _free(wanted: int, taken: Collection[int]) -> int:
    if wanted not in taken:
        return wanted
    return next((index for index in range(ROOM) if index not in taken), wanted)
