"""Before a run joins others on a device, it must fit into the memory that is free there."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from moetui.core.catalogue.records import RunRecord
from moetui.core.machine.devices import CPU, Allotment, Device, Place
from moetui.core.machine.memory import free_memory
from moetui.core.queue import dispatch, edit, queueing
from moetui.core.queue.dispatch import Dispatcher
from moetui.core.queue.memory import MARGIN, Memory
from moetui.core.queue.placement import Placement, Unplaced, places
from moetui.core.runs.lab import Lab
from tests.core.queue.by_hand import go_on, queued, status
from tests.tui.lab_on_disk import end_run, write_run

Behave = Callable[[str], None]
GIB = 2**30
SETTINGS: dict[str, Any] = {"training": {"device": "cpu"}}


def measured(lab: Lab, peak: int) -> Memory:
    """One run of the usual shape has taken so much."""
    run = end_run(lab, write_run(lab, "measured"))
    return Memory([run.model_copy(update={"device": CPU, "peak_memory": peak})])


def choose(
    lab: Lab, memory: Memory, place: Place, *, run_id: str = "next", per_device: int = 3
) -> Allotment | Unplaced:
    entry = lab.run_dir(write_run(lab, run_id)).config().model_copy(update={"per_device": per_device})
    placement = Placement([place], memory)
    found = placement.choose(entry)
    if not isinstance(found, Unplaced):
        found.take()
    return found


def test_a_run_does_not_join_another_where_it_does_not_fit(lab: Lab) -> None:
    memory = measured(lab, 4 * GIB)
    place = Place(Device(CPU, "CPU"), [3], ("first",), free=4 * GIB)
    found = choose(lab, memory, place)
    assert isinstance(found, Unplaced)
    assert not found.never
    assert found.reason == "memory beside first: it needs 4.4 GiB (as measured), 4 GiB are free"
    assert choose(lab, memory, Place(Device(CPU, "CPU"), [3], ("first",), free=5 * GIB), run_id="b") is not found
    assert isinstance(choose(lab, memory, Place(Device(CPU, "CPU"), [3], ("first",)), run_id="c"), Allotment)


@pytest.mark.parametrize(
    ("key", "value", "alike"),
    [("compile", "regions", False), ("batch_size", 5, False), ("log_every", 7, True), ("updates", 999, True)],
)
def test_a_run_is_measured_by_those_that_take_as_much(lab: Lab, key: str, value: object, alike: bool) -> None:
    memory = measured(lab, 4 * GIB)
    config = lab.run_dir(write_run(lab, "next")).config().config
    training = config.training.model_copy(update={key: value})
    assert memory.needed(config.model_copy(update={"training": training}), gpu=False).measured is alike


def test_a_run_alone_is_never_kept_from_its_device(lab: Lab) -> None:
    assert isinstance(choose(lab, measured(lab, 4 * GIB), Place(Device(CPU, "CPU"), free=1)), Allotment)


def test_runs_that_are_placed_in_one_pass_share_what_is_free(lab: Lab) -> None:
    memory = measured(lab, 4 * GIB)
    place = Place(Device(CPU, "CPU"), free=10 * GIB)
    assert [isinstance(choose(lab, memory, place, run_id=name), Allotment) for name in ("a", "b", "c")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("update", "free"), [(0, 10 - 4 * MARGIN), (1, 10)])
def test_a_run_that_has_not_trained_yet_is_about_to_take_its_memory(lab: Lab, update: int, free: float) -> None:
    memory = measured(lab, 4 * GIB)
    run = write_run(lab, "young").model_copy(update={"device": CPU, "status": "running", "update": update})
    (place,) = places(lab, [run], [Device(CPU, "CPU", free=10 * GIB)], memory)
    assert place.free is not None
    assert place.free == pytest.approx(free * GIB, abs=1)


def test_what_was_measured_goes_before_the_rule_of_thumb(lab: Lab) -> None:
    config = lab.run_dir(write_run(lab, "a")).config().config
    memory = measured(lab, 4 * GIB)
    assert memory.needed(config, gpu=False).measured
    assert memory.needed(config, gpu=False).size == round(MARGIN * 4 * GIB)
    guess = memory.needed(config, gpu=True)  # another kind of device
    assert not guess.measured
    other = lab.run_dir(write_run(lab, "b", settings={"model": {"d_model": 768}})).config().config
    wide = memory.needed(other, gpu=False)
    assert not wide.measured
    assert wide.size > Memory(()).needed(config, gpu=False).size > 7 * 4 * config.model.parameters


def test_the_dispatcher_waits_until_there_is_memory_and_the_queue_says_so(
    lab: Lab, fake_engine: Behave, by_hand: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [GIB]

    def devices() -> Sequence[Device]:
        return [Device(CPU, "CPU", free=free[0])]

    monkeypatch.setattr(dispatch, "devices", devices)
    fake_engine("hold")
    first, second = (queued(lab, rate=rate, per_device=2) for rate in (0.1, 0.2))
    needs = Memory(()).needed(lab.run_dir(first).config().config, gpu=False).size
    free[0] = needs // 2
    dispatcher = Dispatcher(lab)
    go_on(dispatcher, lambda: (now := lab.see(first)).status == "running" and now.update > 0)
    for _ in range(3):
        dispatcher.step()
    assert reason(lab, second, devices()).startswith(f"memory beside {first.name}: it needs")
    assert status(lab, second) == "queued"
    free[0] = needs
    go_on(dispatcher, lambda: status(lab, second) == "running")
    assert status(lab, first) == "running"
    for run in (first, second):
        edit.stop(lab, run)
    go_on(dispatcher)


def reason(lab: Lab, run: RunRecord, devices: Sequence[Device]) -> str:
    found = queueing.waiting(lab, lab.snapshot(dispatch=False), devices)
    return next(one.reason for one in found if one.record.id == run.id)


def test_a_container_gives_no_more_than_its_limit(tmp_path: Path) -> None:
    whole = free_memory(tmp_path)  # without any file
    assert whole > 2**20
    (tmp_path / "memory.current").write_text(f"{900 << 10}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {100 << 10}\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory(tmp_path) > 2**20
    (tmp_path / "memory.max").write_text(f"{1000 << 10}\n")
    assert free_memory(tmp_path) == 200 << 10
