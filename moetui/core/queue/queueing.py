"""The queue: the order in which runs start, which of them are held, and what each waits for.

Both facts stand in the run's own queue.json, where every dispatcher finds them; a launcher looks at it once more while it keeps
others out, so a run that was held in time does not start.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.rundir import Wait
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.interface import SCHEDULERS
from moetui.core.errors import LabError, UsageError
from moetui.core.machine.control import before_start
from moetui.core.machine.devices import Device
from moetui.core.machine.launcher import start_dispatcher
from moetui.core.machine.starts import let_wait
from moetui.core.queue.memory import Memory
from moetui.core.queue.placement import Placement, Unplaced, disk_of, places
from moetui.core.runs.lab import Lab, Snapshot

APART = 1e-6
"""Least distance between two turns: as far apart as creation times can be told."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One run of the queue and what it waits for, in words."""

    record: RunRecord
    reason: str


def in_order(runs: Iterable[RunRecord]) -> list[RunRecord]:
    """The runs that wait, the next one first; held ones keep their place."""
    return sorted((run for run in runs if run.waiting), key=lambda run: run.order)


def waiting(lab: Lab, snapshot: Snapshot, devices: Sequence[Device]) -> tuple[Waiting, ...]:
    """The queue with what each run waits for, by the rules of the dispatcher."""
    memory = Memory(snapshot.runs)
    live = [run for run in snapshot.runs if run.live and run.backend not in SCHEDULERS]
    placement = Placement(places(lab, live, devices, memory), memory, disk_of(lab), lab.quota.room())
    found = []
    for run in in_order(snapshot.runs):
        if (
            run.status in ("held", "paused")
            or run.backend in SCHEDULERS
            or (run.due is not None and run.due > snapshot.taken)
        ):
            found.append(Waiting(run, run.reason))
            continue
        try:
            entry = lab.run_dir(run).config()
        except (OSError, DamagedFile) as error:
            found.append(Waiting(run, str(error)))
            continue
        place = placement.choose(entry)
        if isinstance(place, Unplaced):
            found.append(Waiting(run, f"{place.reason}; {run.reason}" if run.due is not None else place.reason))
        else:
            place.take()
            found.append(Waiting(run, f"starts now on {place.device.name}"))
    return tuple(found)


def hold(lab: Lab, record: RunRecord, *, held: bool = True) -> RunRecord:
    """Hold a waiting run back, or let it start. Returns it as it is afterwards; raises `LabError` if it does not wait."""
    if (now := lab.see(record)).status == "paused":
        raise LabError(f"{record.id} waits already until it is released: it is {now.status}")
    run = lab.run_dir(record)
    _not_in_a_cluster(record)
    with before_start(run) as waits:
        if waits:
            let_wait(run, held=held)
    if not waits:
        raise LabError(f"{record.id} does not wait: it is {lab.see(record).status}")
    if not held:
        start_dispatcher(lab.workspace)
    return lab.see(record)


def move(lab: Lab, record: RunRecord, position: int) -> tuple[RunRecord, ...]:
    """Give a waiting run another place, counted from 1; beyond the end is the last. Returns the queue as it is then.

    Raises `LabError` if it does not wait and `UsageError` for a place before the first.
    """
    if position < 1:
        raise UsageError(f"position {position}: the first place in the queue is 1")
    return _put(lab, record, lambda _: position - 1)


def shift(lab: Lab, record: RunRecord, step: int) -> tuple[RunRecord, ...]:
    """Move a waiting run by so many places, as far as the queue goes, from where it is now. Returns the queue as it is then.

    Raises `LabError` if it does not wait.
    """
    return _put(lab, record, lambda place: max(place + step, 0))


def _put(lab: Lab, record: RunRecord, target: Callable[[int], int]) -> tuple[RunRecord, ...]:
    """Put a waiting run where `target` says, which is given its present place, counted from 0."""
    _not_in_a_cluster(record)
    with lab.catalogue.transaction():  # two who move at once would mix up their orders
        queue = in_order(lab.snapshot(dispatch=False).runs)
        moved = next((run for run in queue if run.id == record.id), None)
        if moved is None:
            raise LabError(f"{record.id} does not wait: it is {lab.see(record).status}")
        place = queue.index(moved)
        others = queue[:place] + queue[place + 1 :]
        if (wanted := min(target(place), len(others))) != place:
            _give_turn(lab, moved, others, wanted)
        return tuple(in_order(lab.snapshot(dispatch=False).runs))


def _not_in_a_cluster(record: RunRecord) -> None:
    if record.backend in SCHEDULERS:
        raise LabError(
            f"{record.id} waits in {record.backend}, which orders its queue itself; `moetui stop` takes it out"
        )


def _give_turn(lab: Lab, moved: RunRecord, others: Sequence[RunRecord], place: int) -> None:
    """Let a run start at this place among the others: one turn is written, unless its neighbours leave no room between them."""
    before = others[place - 1].order if place else others[0].order - 1.0
    after = others[place].order if place < len(others) else before + 2 * APART
    between = (before + after) / 2
    if before < between < after:
        _give(lab, moved, between)
        return
    turn = others[-1].order + APART
    behind = others[place:]
    for number in range(len(behind), 0, -1):  # from the last on: who dies in between has changed no order
        _give(lab, behind[number - 1], turn + number * APART)
    _give(lab, moved, turn)


def _give(lab: Lab, record: RunRecord, turn: float) -> None:
    run = lab.run_dir(record)
    with before_start(run) as waits:
        if waits:  # else it has started meanwhile, and its turn is over
            write_file(run.queue_file, (run.wait() or Wait()).model_copy(update={"turn": turn}), durable=True)
