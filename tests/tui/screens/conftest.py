"""A laboratory in which something has happened already."""

import time
from collections.abc import Callable

import pytest

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import Selection, plan
from moetui.core.queue.enqueue import enqueue
from moetui.core.runs.lab import Lab
from moetui.core.runs.published import published_records
from tests.conftest import eventually
from tests.tui.lab_on_disk import end_run, write_planned


@pytest.fixture
def finished(lab: Lab) -> list[RunRecord]:
    """Two runs of one's own, the later one at the higher learning rate, among the published results."""
    selection = Selection(
        presets=("quickstart",), settings={"training.device": "cpu"}, axes={"optimizer.lr": (0.01, 0.05)}
    )
    planned, now = plan(lab.library(), selection), time.time()
    lab.catalogue.add(published_records(lab.library()))
    return [
        end_run(lab, write_planned(lab, f"own{index}", run, created=now - 100 + index))
        for index, run in enumerate(planned)
    ]


@pytest.fixture
def quickstart(lab: Lab, fake_engine: Callable[[str], None]) -> list[RunRecord]:
    """A real study of the fake engine, whose loss responds to the learning rate."""
    fake_engine("respond")
    selection = Selection(
        presets=("quickstart",),
        settings={"training.updates": 3, "training.device": "cpu"},
        axes={"optimizer.lr": (0.01, 0.05, 0.3)},
    )
    runs = enqueue(lab, plan(lab.library(), selection))
    eventually(lambda: not lab.snapshot().pending and not lab.dispatching())
    return runs
