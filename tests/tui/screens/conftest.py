"""A laboratory in which something has happened already."""

import time

import pytest

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import Selection, plan
from moetui.core.runs.lab import Lab
from moetui.core.runs.published import published_records
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
