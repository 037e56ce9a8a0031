"""The curves that a command prints."""

from engine.runfiles.history import read_records
from moetui.core.runs.lab import Lab
from moetui.tui.curves.run_charts import run_charts
from tests.tui.lab_on_disk import end_run, write_metrics, write_run


def test_a_run_without_measurements_has_no_curves(lab: Lab) -> None:
    assert run_charts(write_run(lab, "a"), []) == []


def test_curves_of_a_run_are_whole(lab: Lab) -> None:
    record = end_run(lab, write_run(lab, "a", updates=10))
    write_metrics(lab.run_dir(record), 5000)
    loss, rate = run_charts(record, read_records(lab.run_dir(record).metrics_file))
    assert max(series.x[-1] for series in loss.series) == 5000
    assert max(series.x[-1] for series in rate.series) == 5000
