"""The health of live runs: each finding is told once, and only if it is new."""

import math

from moetui.core.lab import Lab, Snapshot
from moetui.core.records import RunRecord
from moetui.core.vigil import MOST_BYTES, PAUSE_SECONDS, Vigil
from tests.tui.lab_on_disk import write_metrics, write_run


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def at(record: RunRecord, update: int) -> Snapshot:
    """A look at which the run trains and has come so far."""
    return Snapshot((record.model_copy(update={"status": "running", "update": update}),))


def breaks_at_sixty(update: int) -> float:
    return 8.0 / update**0.1 if update < 60 else math.nan


def kinds(vigil: Vigil, snapshot: Snapshot) -> set[str]:
    return {finding.kind for _, finding in vigil.look(snapshot)}


def test_what_happens_to_a_run_is_told_once(lab: Lab) -> None:
    record, clock = write_run(lab, "a", updates=200), Clock()
    write_metrics(lab.run_dir(record), 120, loss=breaks_at_sixty)
    vigil = Vigil(lab, clock=clock)
    assert kinds(vigil, at(record, 50)) == set()
    assert "non-finite" in kinds(vigil, at(record, 100))
    clock.now += PAUSE_SECONDS
    assert kinds(vigil, at(record, 120)) == set()


def test_what_had_happened_before_the_first_look_is_no_news(lab: Lab) -> None:
    record = write_run(lab, "a", updates=200)
    write_metrics(lab.run_dir(record), 120, loss=breaks_at_sixty)
    vigil = Vigil(lab, clock=Clock())
    kinds(vigil, at(record, 110))
    assert kinds(vigil, at(record, 120)) == set()


def test_a_run_is_examined_again_only_after_a_pause(lab: Lab) -> None:
    record, clock = write_run(lab, "a", updates=200), Clock()
    run = lab.run_dir(record)
    write_metrics(run, 40)
    vigil = Vigil(lab, clock=clock)
    kinds(vigil, at(record, 10))
    assert kinds(vigil, at(record, 40)) == set()
    run.metrics_file.unlink()
    write_metrics(run, 120, loss=breaks_at_sixty)
    assert kinds(vigil, at(record, 120)) == set()
    clock.now += PAUSE_SECONDS
    assert "non-finite" in kinds(vigil, at(record, 120))


def test_a_run_whose_metrics_are_too_long_or_damaged_is_left_alone(lab: Lab) -> None:
    record = write_run(lab, "a", updates=200)
    run = lab.run_dir(record)
    write_metrics(run, 120, loss=breaks_at_sixty)
    with run.metrics_file.open("ab") as file:
        file.truncate(MOST_BYTES + 1)
    vigil = Vigil(lab, clock=Clock())
    kinds(vigil, at(record, 10))
    assert kinds(vigil, at(record, 120)) == set()
    gone = write_run(lab, "b", updates=200)
    lab.run_dir(gone).config_file.write_text("{")
    kinds(vigil, at(gone, 10))
    assert kinds(vigil, at(gone, 120)) == set()
