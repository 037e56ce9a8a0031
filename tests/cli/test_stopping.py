"""Whoever stops several runs stops those that wait first, so that none of them takes the device that becomes free."""

from collections.abc import Callable

import pytest

from moetui.core.catalogue.records import RunRecord
from moetui.core.queue import edit
from moetui.core.runs.lab import Lab
from moetui.tui.run import tasks
from tests.cli.conftest import Cli
from tests.conftest import eventually
from tests.tui.lab_on_disk import start, write_run


@pytest.fixture
def runs(lab: Lab, fake_engine: Callable[[str], None]) -> list[RunRecord]:
    """A run that trains and one that waits, named in this order."""
    fake_engine("hold")
    found = [write_run(lab, "trains"), write_run(lab, "waits")]
    start(lab, found[0])
    eventually(lambda: lab.see(found[0]).status == "running", what="the run trains")
    return found


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    order: list[str] = []

    def stop(lab: Lab, run: RunRecord, *, force: bool = False) -> RunRecord:
        order.append(run.id)
        return run

    monkeypatch.setattr(edit, "stop", stop)
    return order


def test_by_name(cli: Cli, runs: list[RunRecord], stopped: list[str]) -> None:
    assert cli("stop", *(run.id for run in runs))[0] == 0
    assert stopped == ["waits", "trains"]


def test_all(cli: Cli, runs: list[RunRecord], stopped: list[str]) -> None:
    assert cli("stop", "--all")[0] == 0
    assert stopped == ["waits", "trains"]


def test_in_the_interface(lab: Lab, runs: list[RunRecord], stopped: list[str]) -> None:
    tasks.stop(lab, runs)
    assert stopped == ["waits", "trains"]
