"""Only what nobody needs is removed: spare checkpoints of runs that are done, remains of killed writers, on request the trash."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import share_procs_lock
from engine.runfiles.progress import Progress
from engine.runfiles.rundir import EndStatus, Result, RunDir
from engine.runfiles.saved import CheckpointFile, saved
from moetui.core.catalogue.records import RunRecord
from moetui.core.machine.devices import CPU, Device
from moetui.core.maintenance.garbage import find, remove
from moetui.core.preferences import read_settings
from moetui.core.queue import edit
from moetui.core.queue.queueing import waiting
from moetui.core.runs.lab import Lab
from moetui.core.runs.quota import Quota, room_of
from tests.tui.lab_on_disk import end_run, write_run

WEIGHTS = 50_000


def ended(lab: Lab, name: str, status: EndStatus = "finished") -> tuple[RunRecord, RunDir]:
    """A run that has ended with two checkpoints."""
    record = end_run(lab, write_run(lab, name), status)
    run = lab.run_dir(record)
    for update in (50, 100):
        folder = run.checkpoints / f"last-{update:06d}"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(bytes(WEIGHTS))
        about = CheckpointFile(progress=Progress(update=update), config={}, data_fingerprint="f")
        write_file(folder / "checkpoint.json", about)
    (run.checkpoints / "last").symlink_to("last-000100")
    return record, run


def names(lab: Lab) -> set[str]:
    return {one.path.name for one in find(lab)}


def test_the_spare_checkpoint_of_a_run_that_is_done_goes_and_the_last_stays(lab: Lab) -> None:
    _, run = ended(lab, "done")
    (found,) = find(lab)
    assert (found.path.name, found.size > WEIGHTS) == ("last-000050", True)
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


@pytest.fixture
def quota(user: Path) -> Callable[[int], None]:
    """Set the quota, in kilobytes."""

    def allow(kilobytes: int) -> None:
        (user / "settings.toml").write_text(f'checkpoint_quota = "{kilobytes / 1000:.3f} MB"\n')

    return allow


def give_best(run: RunDir) -> Path:
    folder = run.checkpoints / "best-000100"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(bytes(WEIGHTS))
    about = CheckpointFile(progress=Progress(update=100), config={}, data_fingerprint="f")
    write_file(folder / "checkpoint.json", about)
    return folder


def test_above_the_quota_the_oldest_checkpoints_go_that_nobody_goes_on_from(
    lab: Lab, quota: Callable[[int], None]
) -> None:
    runs = {}
    for age, (name, status) in enumerate(
        [("stopped", "stopped"), ("young", "finished"), ("old", "diverged"), ("killed", "failed")]
    ):
        record, runs[name] = ended(
            lab, name, Result.model_validate({"status": status, "updates": 1, "ended": 1.0}).status
        )
        lab.catalogue.change(record.id, ended={"old": 1.0, "young": 2.0, "stopped": 3.0}.get(name, 4.0 + age))
        give_best(runs[name])
    assert room_of(lab.workspace).used == 0  # without a quota nothing is measured
    quota(1000)
    whole = room_of(lab.workspace).used
    assert names(lab) == {"last-000050"}  # those of the runs that are done, as ever
    quota(whole // 1000)
    assert len(find(lab)) == 2
    spare = sum(one.size for one in find(lab))
    order = [
        (runs["old"], "last-000100"), (runs["young"], "last-000100"),
        (runs["stopped"], "last-000050"), (runs["killed"], "last-000050"),
    ]  # fmt: skip
    size = spare // 2
    for count in range(1, 5):
        quota((whole - spare - size * (count - 1)) // 1000 - 1)
        assert [one.path for one in find(lab)][2:] == [run.checkpoints / name for run, name in order[:count]]
    quota(1)
    found = find(lab)
    assert len(found) == 6
    assert remove(lab, found) == (found, [])
    for name in ("stopped", "killed"):
        assert [one.path.name for one in saved(runs[name], "last")] == ["last-000100"]
        assert (runs[name].checkpoints / "last").exists()
    assert all(saved(run, "best") for run in runs.values())
    assert not (runs["old"].checkpoints / "last").is_symlink()
    assert find(lab) == []


def test_what_several_runs_share_counts_once(lab: Lab, quota: Callable[[int], None]) -> None:
    _, run = ended(lab, "first")
    quota(1)
    before = room_of(lab.workspace).used
    _, fork = ended(lab, "fork")
    for name in ("last-000050", "last-000100"):
        (fork.checkpoints / name / "model.safetensors").unlink()
        os.link(run.checkpoints / name / "model.safetensors", fork.checkpoints / name / "model.safetensors")
    assert room_of(lab.workspace).used == 2 * before - 2 * WEIGHTS


def test_a_run_waits_under_the_quota_and_the_queue_says_why(lab: Lab, quota: Callable[[int], None], user: Path) -> None:
    _, run = ended(lab, "done")
    give_best(run)
    quota(1)
    write_run(lab, "waits")
    (one,) = waiting(lab, lab.snapshot(dispatch=False), [Device(CPU, "CPU")])
    assert one.reason.startswith("room under the quota for checkpoints: ")
    assert "moetui gc" in one.reason
    (user / "settings.toml").write_text('checkpoint_quota = "1 TB"\n')
    lab = Lab(lab.workspace)  # which has measured nothing yet
    (one,) = waiting(lab, lab.snapshot(dispatch=False), [Device(CPU, "CPU")])
    assert one.reason == "starts now on CPU"


def test_the_room_is_measured_now_and_then(lab: Lab, quota: Callable[[int], None]) -> None:
    clock = [0.0]
    measuring = Quota(lab.workspace, clock=lambda: clock[0])
    quota(1)
    assert not measuring.room().reached
    ended(lab, "done")
    assert not measuring.room().reached
    clock[0] = 31.0
    assert measuring.room().reached


@pytest.mark.parametrize("text", ['"50"', '"0 GB"', '"50 XB"', "50", '"-1 GB"', '"1e3 GB"', "true", '"9999999999 GB"'])
def test_a_quota_that_is_no_size_is_a_fault(lab: Lab, user: Path, text: str) -> None:
    (user / "settings.toml").write_text(f"checkpoint_quota = {text}\n")
    settings = read_settings(lab.workspace)
    assert settings.preferences.checkpoint_quota == 0
    assert 'such as "50 GB"' in settings.faults[0]
