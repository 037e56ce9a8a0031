"""The curves that a command prints."""

import pytest

from moetui.core.runs.lab import Lab
from moetui.tui.curves.run_charts import run_charts
from tests.tui.lab_on_disk import end_run, write_metrics, write_run
from tests.tui.slow_reading import read_slowly


def test_a_run_without_measurements_has_no_curves(lab: Lab) -> None:
    assert run_charts(lab, write_run(lab, "a")) == []


def test_curves_are_whole_however_slow_the_disk_is(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    record = end_run(lab, write_run(lab, "a", updates=10))
    write_metrics(lab.run_dir(record), 5000)
    read_slowly(monkeypatch)
    loss, rate = run_charts(lab, record)
    assert max(series.x[-1] for series in loss.series) == 5000
    assert max(series.x[-1] for series in rate.series) == 5000
