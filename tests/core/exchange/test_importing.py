"""What an import does to a workspace that already holds something."""

from pathlib import Path

import pytest

from moetui.core.errors import LabError
from moetui.core.exchange.importing import import_runs
from moetui.core.exchange.reading import read_all
from moetui.core.maintenance.orphans import find, reconcile
from moetui.core.runs.lab import Lab


def test_a_directory_that_the_catalogue_has_lost_is_not_overwritten(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("step,loss\n1,5.0\n2,4.0\n")
    runs = read_all([path]).runs
    (record,) = import_runs(lab, runs).new
    lab.catalogue.remove([record.id])
    kept = lab.run_dir(record).metrics_file.read_bytes()
    with pytest.raises(LabError, match="in the way"):
        import_runs(lab, runs)
    assert lab.run_dir(record).metrics_file.read_bytes() == kept
    reconcile(lab, find(lab))
    assert [run.id for run in import_runs(lab, runs).known] == [record.id]
