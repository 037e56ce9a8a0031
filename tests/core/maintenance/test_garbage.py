"""Only what nobody needs is removed: spare checkpoints of runs that are done, remains of killed writers, on request the trash."""

import os
from pathlib import Path

import pytest

from engine.runfiles.locks import share_procs_lock
from engine.runfiles.progress import Progress
from engine.runfiles.rundir import EndStatus, RunDir, write_file
from engine.runfiles.saved import CheckpointFile, saved
from moetui.core.catalogue.records import RunRecord
from moetui.core.maintenance.garbage import find, remove
from moetui.core.queue import edit
from moetui.core.runs.lab import Lab
from tests.tui.lab_on_disk import end_run, write_run


def ended(lab: Lab, name: str, status: EndStatus = "finished") -> tuple[RunRecord, RunDir]:
    """A run that has ended with two checkpoints."""
    record = end_run(lab, write_run(lab, name), status)
    run = lab.run_dir(record)
    for update in (50, 100):
        folder = run.checkpoints / f"last-{update:06d}"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(bytes(1000))
        about = CheckpointFile(progress=Progress(update=update), config={}, data_fingerprint="f")
        write_file(folder / "checkpoint.json", about)
    (run.checkpoints / "last").symlink_to("last-000100")
    return record, run


def names(lab: Lab) -> set[str]:
    return {one.path.name for one in find(lab)}


def test_the_spare_checkpoint_of_a_run_that_is_done_goes_and_the_last_stays(lab: Lab) -> None:
    _, run = ended(lab, "done")
    (found,) = find(lab)
    assert (found.path.name, found.size > 1000) == ("last-000050", True)
    assert (run.checkpoints / "last-000050").exists()  # looking changes nothing
    assert remove(lab, [found]) == ([found], [])
    assert [one.path.name for one in saved(run, "last")] == ["last-000100"]
    assert find(lab) == []


@pytest.mark.parametrize("status", ["stopped", "failed", "out-of-memory"])
def test_a_run_that_may_go_on_keeps_both(lab: Lab, status: EndStatus) -> None:
    ended(lab, "may", status)
    assert find(lab) == []


def test_what_killed_writers_left_goes(lab: Lab) -> None:
    _, run = ended(lab, "stopped", "stopped")
    (run.checkpoints / ".last-000150.tmp").mkdir()
    run.reserve_file.write_bytes(bytes(10))
    assert names(lab) == {".last-000150.tmp", "reserve"}
    remove(lab, find(lab))
    assert find(lab) == []


def test_nothing_of_a_run_that_lives_again_is_touched(lab: Lab) -> None:
    _, run = ended(lab, "done")
    found = find(lab)
    share = share_procs_lock(run.procs_lock)
    removed, faults = remove(lab, found)
    os.close(share)
    assert removed == []
    assert "lives again" in faults[0]
    assert Path(found[0].path).exists()


def test_the_trash_goes_only_if_that_is_asked_for(lab: Lab) -> None:
    record, _ = ended(lab, "old")
    edit.delete(lab, record)
    assert find(lab) == []
    remove(lab, found := find(lab, trash=True))
    assert [one.run.id for one in found] == ["old"]
    assert lab.records(deleted=True) == []
    assert not found[0].path.exists()
