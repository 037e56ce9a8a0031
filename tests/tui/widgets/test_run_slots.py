"""Which runs are drawn together, and in which slot."""

from moetui.core.catalogue.records import RunRecord
from moetui.tui.widgets.run_slots import drawable, group_slots

STUDY = [
    RunRecord(id=f"r{rate}s{seed}", name=f"lr={rate}/seed={seed}", status="finished", group=f"g{rate}")
    for seed in (1, 2, 3)
    for rate in range(9)
]


def test_eight_runs_are_told_apart_by_themselves() -> None:
    assert drawable(STUDY, by_group=False) == STUDY[:8]


def test_eight_groups_keep_all_their_seeds() -> None:
    drawn = drawable(STUDY, by_group=True)
    assert len(drawn) == 24
    assert {run.group for run in drawn} == {f"g{rate}" for rate in range(8)}


def test_no_two_groups_share_a_slot() -> None:
    drawn = drawable(sorted(STUDY, key=lambda run: run.id), by_group=True)
    slots = group_slots(drawn, {run.id: place for place, run in enumerate(drawn[:8])})
    by_group = {run.group: slots[run.id] for run in drawn}
    assert sorted(by_group.values()) == list(range(8))
    assert all(slots[run.id] == by_group[run.group] for run in drawn)
