"""Resuming, rerunning and forking through the queue, with real processes of a trainer that only pretends."""

import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runfiles.jsonfile import write_file
from engine.runfiles.progress import Progress
from engine.runfiles.saved import MODEL_FILE, CheckpointFile
from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError, NotFoundError, UsageError
from moetui.core.machine import control
from moetui.core.maintenance.reindex import reindex
from moetui.core.queue import edit, resuming
from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.core.queue.test_dispatch import ended, queue, status

Behave = Callable[[str], None]


def finished(lab: Lab) -> RunRecord:
    (run,) = queue(lab, 0.05)
    eventually(lambda: ended(lab))
    return lab.find(run.id)


def stopped(lab: Lab, fake_engine: Behave) -> RunRecord:
    fake_engine("hold")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    edit.stop(lab, run)
    eventually(lambda: ended(lab))
    assert status(lab, run) == "stopped"
    return lab.find(run.id)


def give_checkpoint(lab: Lab, record: RunRecord, kind: str, update: int) -> Path:
    """Lay down what stands for a checkpoint of the run."""
    run = lab.run_dir(record)
    folder = run.checkpoints / f"{kind}-{update:06d}"
    folder.mkdir(parents=True)
    (folder / MODEL_FILE).write_bytes(b"weights")
    about = CheckpointFile(
        progress=Progress(update=update),
        config=run.config().config.model_dump(mode="json"),
        data_fingerprint="fake",
        files={MODEL_FILE: zlib.crc32(b"weights"), "training.safetensors": 1},
    )
    write_file(folder / "checkpoint.json", about)
    (run.checkpoints / kind).symlink_to(folder.name)
    return folder


def test_a_stopped_run_goes_on_and_finishes(lab: Lab, fake_engine: Behave) -> None:
    run = stopped(lab, fake_engine)
    fake_engine("finish")
    assert resuming.resume(lab, run).status == "queued"
    eventually(lambda: ended(lab))
    record = lab.find(run.id)
    assert record.status == "finished"
    assert record.reason == ""
    assert lab.run_dir(run).request() is None


@pytest.mark.parametrize("name", ["result.json", "state.json", "launch.json", "request.json", "queue.json"])
def test_a_file_that_cannot_be_read_is_in_the_way_of_no_resume(lab: Lab, fake_engine: Behave, name: str) -> None:
    run = stopped(lab, fake_engine)
    damaged = lab.run_dir(run).path / name
    damaged.write_text("{")
    fake_engine("finish")
    resuming.resume(lab, run)
    eventually(lambda: ended(lab))
    assert lab.find(run.id).status == "finished"
    assert damaged.with_name(f"{name}.damaged").read_text() == "{"


def test_a_killed_run_can_go_on(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("die")
    (run,) = queue(lab, 0.05)
    eventually(lambda: ended(lab))
    assert status(lab, run) == "killed"
    fake_engine("finish")
    resuming.resume(lab, lab.find(run.id))
    eventually(lambda: ended(lab))
    assert status(lab, run) == "finished"


def test_a_run_that_dies_after_it_was_resumed_is_killed_not_stopped(lab: Lab, fake_engine: Behave) -> None:
    run = stopped(lab, fake_engine)
    fake_engine("die")
    resuming.resume(lab, run)
    eventually(lambda: ended(lab))
    assert status(lab, run) == "killed"


def test_a_run_that_waits_to_go_on_can_be_left_as_it_was(lab: Lab, fake_engine: Behave) -> None:
    run = stopped(lab, fake_engine)
    (other,) = queue(lab, 0.02)  # holds the only CPU
    eventually(lambda: status(lab, other) == "running")
    resuming.resume(lab, run)
    assert status(lab, run) == "queued"
    reindex(lab)
    assert status(lab, run) == "queued"
    with pytest.raises(LabError, match="queued already"):
        resuming.resume(lab, lab.find(run.id))
    assert edit.stop(lab, lab.find(run.id)).status == "stopped"
    control.kill(lab.run_dir(other))
    eventually(lambda: ended(lab))
    assert status(lab, run) == "stopped"


def test_what_has_nothing_left_to_do_is_not_resumed(lab: Lab, fake_engine: Behave) -> None:
    run = finished(lab)
    with pytest.raises(LabError, match=r"has finished; `moetui rerun` .* `moetui fork`"):
        resuming.resume(lab, run)
    (bad,) = queue(lab, 1e6)
    eventually(lambda: ended(lab))
    with pytest.raises(LabError, match="has diverged and would again"):
        resuming.resume(lab, lab.find(bad.id))
    published = next(record for record in lab.records() if record.published)
    with pytest.raises(NotFoundError, match="published result"):
        resuming.resume(lab, published)


def test_a_rerun_is_a_new_run_of_the_same_configuration(lab: Lab, fake_engine: Behave) -> None:
    run = finished(lab)
    new = resuming.rerun(lab, run)
    eventually(lambda: ended(lab))
    assert new.id != run.id
    assert lab.run_dir(new).config().config == lab.run_dir(run).config().config
    assert (new.name, new.group, new.seed, new.parent) == (run.name, run.group, run.seed, "")
    assert status(lab, new) == "finished"


def test_a_run_that_shared_its_device_does_so_again(lab: Lab, fake_engine: Behave) -> None:
    (run,) = queue(lab, 0.05, per_device=3)
    eventually(lambda: ended(lab))
    new = resuming.rerun(lab, lab.find(run.id))
    eventually(lambda: ended(lab))
    assert lab.run_dir(new).config().per_device == 3


def test_a_fork_begins_with_the_weights_and_knows_its_parent(lab: Lab, fake_engine: Behave) -> None:
    run = finished(lab)
    give_checkpoint(lab, run, "best", 2)
    new = resuming.fork(lab, run, {"optimizer.lr": 0.01})
    eventually(lambda: ended(lab))
    assert new.parent == run.id
    assert new.name == f"{run.name}/fork/lr=0.01"
    assert new.group not in (run.group, resuming.rerun(lab, run).group)
    folder = lab.run_dir(new).checkpoints / "start"
    assert (folder / MODEL_FILE).read_bytes() == b"weights"
    about = CheckpointFile.model_validate_json((folder / "checkpoint.json").read_bytes())
    assert about.files == {MODEL_FILE: zlib.crc32(b"weights")}
    entry = lab.run_dir(new).config()
    assert entry.parent is not None
    assert (entry.parent.id, entry.parent.checkpoint, entry.parent.update) == (run.id, "best", 2)
    assert entry.config.optimizer.lr == 0.01
    eventually(lambda: ended(lab))
    reindex(lab)
    assert lab.find(new.id).parent == run.id
    twin = resuming.rerun(lab, lab.find(new.id))
    assert twin.parent == run.id
    assert (lab.run_dir(twin).checkpoints / "start" / MODEL_FILE).read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        ({"model.d_ff": 128}, "model.d_ff"),
        ({"model.top_k": 1, "optimizer.lr": 0.1}, "model.top_k"),
        ({"data.tokenizer": "bpe:1000"}, "data.tokenizer"),
        ({"data.validation_fraction": 0.2}, "data.validation_fraction"),  # another tokenizer would be trained
    ],
)
def test_weights_that_do_not_fit_are_not_forked(
    lab: Lab, fake_engine: Behave, settings: dict[str, object], keys: str
) -> None:
    run = finished(lab)
    give_checkpoint(lab, run, "best", 2)
    with pytest.raises(UsageError, match=f"do not fit another {keys};"):
        resuming.fork(lab, run, settings)
    assert len([record for record in lab.records() if not record.published]) == 1


def test_a_fork_needs_a_checkpoint_and_keys_that_exist(lab: Lab, fake_engine: Behave) -> None:
    run = finished(lab)
    with pytest.raises(LabError, match="no whole checkpoint 'last'"):
        resuming.fork(lab, run, {}, "last")
    with pytest.raises(UsageError, match="did you mean optimizer"):
        resuming.fork(lab, run, {"optimizer.lrr": 1})


def test_a_fork_may_change_what_the_weights_do_not_know(lab: Lab, fake_engine: Behave) -> None:
    run = finished(lab)
    give_checkpoint(lab, run, "last", 3)
    new = resuming.fork(
        lab,
        run,
        {"model.dropout": 0.3, "model.residual_dropout": 0.2, "schedule.warmup_updates": 1, "data.sequence_length": 64},
        "last",
    )
    config: RunConfig = lab.run_dir(new).config().config
    assert (config.model.dropout, config.schedule.warmup_updates, config.data.sequence_length) == (0.3, 1, 64)


def test_a_run_in_the_trash_or_without_its_directory_does_not_go_on(lab: Lab, fake_engine: Behave) -> None:
    run = stopped(lab, fake_engine)
    with pytest.raises(LabError, match="in the trash"):
        resuming.resume(lab, edit.delete(lab, run))
    (deleted,) = lab.records(deleted=True)
    assert deleted.status == "stopped"
    back = edit.restore(lab, deleted)
    shutil.rmtree(lab.run_dir(back).path)
    with pytest.raises(LabError, match="is gone"):
        resuming.resume(lab, back)
