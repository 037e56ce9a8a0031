import errno
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch

from engine.errors import InputError
from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.progress import Progress
from engine.runfiles.rundir import Parent, RunDir, RunFile, Scores
from engine.runfiles.saved import MODEL_FILE, CheckpointFile, Kind, differing_keys, saved
from engine.spec.config import RunConfig, resolve
from engine.training import checkpoint
from engine.training.checkpoint import Checkpoint
from engine.training.resume import checkpoint_to_continue, start_of
from engine.training.saver import Saver


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(tmp_path)


def at(update: int, *, best: int | None = None, session: int = 1, config: RunConfig | None = None) -> Checkpoint:
    """A checkpoint whose weights tell which update they are of."""
    scores = None if best is None else Scores(update=best, val_loss=5.0, val_accuracy=0.1, val_perplexity=150.0)
    about = CheckpointFile(
        progress=Progress(update=update, best=scores, session=session),
        config=(config or RunConfig()).model_dump(mode="json"),
        data_fingerprint="data",
    )
    return Checkpoint(about, {"w": torch.full((3,), float(update))}, {"rng.cpu": torch.get_rng_state()})


def names(run: RunDir) -> set[str]:
    return {path.name for path in run.checkpoints.iterdir() if not path.is_symlink()}


def save_all(run: RunDir, kind: Kind, checkpoints: Iterable[Checkpoint]) -> None:
    for one in checkpoints:
        checkpoint.save(run, kind, one)


def test_what_is_written_is_read(run: RunDir) -> None:
    written = at(7, best=5)
    checkpoint.save(run, "last", written)
    (found,) = saved(run, "last")
    read = checkpoint.load(found.path, found.about)
    assert torch.equal(read.model["w"], written.model["w"])
    assert torch.equal(read.training["rng.cpu"], written.training["rng.cpu"])
    assert read.about.progress == written.about.progress
    assert (run.checkpoints / "last").resolve() == found.path


def test_the_two_newest_are_kept_and_every_best_that_they_name(run: RunDir) -> None:
    for update in (2, 4):
        checkpoint.save(run, "best", at(update))
        checkpoint.save(run, "last", at(update + 1, best=update))
    save_all(run, "best", [at(6), at(8)])
    assert names(run) == {"last-000003", "last-000005", "best-000002", "best-000004", "best-000008"}
    save_all(run, "last", [at(9, best=8)])
    assert names(run) == {"last-000005", "last-000009", "best-000004", "best-000008"}


def test_a_later_session_counts_as_newer_though_it_has_gone_back(run: RunDir) -> None:
    save_all(run, "last", [at(10), at(20), at(15, session=2), at(20, session=2)])
    assert [found.path.name for found in saved(run, "last")] == ["last-000020-2", "last-000015"]


def test_what_a_killed_writer_left_is_removed(run: RunDir) -> None:
    (run.checkpoints / ".last-000001.tmp").mkdir(parents=True)
    checkpoint.save(run, "last", at(2))
    assert names(run) == {"last-000002"}


@pytest.mark.parametrize("name", [MODEL_FILE, "training.safetensors"])
@pytest.mark.parametrize("fault", ["flipped", "cut", "gone"])
def test_damage_is_noticed(run: RunDir, name: str, fault: str) -> None:
    checkpoint.save(run, "last", at(7))
    (found,) = saved(run, "last")
    path = found.path / name
    raw = path.read_bytes()
    path.unlink()
    if fault != "gone":
        path.write_bytes(raw[:-1] if fault == "cut" else raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(DamagedFile, match=name):
        checkpoint.load(found.path, found.about)


def test_a_checkpoint_that_does_not_say_what_it_is_is_not_passed_over_in_silence(run: RunDir) -> None:
    checkpoint.save(run, "last", at(7))
    (run.checkpoints / "last" / "checkpoint.json").write_text("{}")
    with pytest.raises(InputError, match=r"last-000007: its checkpoint.json cannot be read.*none is left"):
        checkpoint_to_continue(run, RunConfig(), "data")


def test_a_disk_that_refuses_leaves_the_old_checkpoint(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.save(run, "last", at(7))

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "write_file", refuse)
    with Saver(run) as saver:
        saver.save_last(at(9))
        saver.finish()
        (finding,) = saver.failures()
    assert (finding.kind, finding.update) == ("no-last-checkpoint", 9)
    assert "No space left" in finding.evidence
    assert names(run) == {"last-000007"}


def test_training_goes_on_while_a_copy_is_written(run: RunDir) -> None:
    weights = torch.ones(3)
    with Saver(run) as saver:
        saver.save_last(Checkpoint(at(1).about, {"w": weights}, {}))
        weights.zero_()
        saver.finish()
        assert saver.idle
    (found,) = saved(run, "last")
    assert torch.equal(checkpoint.load(found.path, found.about).model["w"], torch.ones(3))


def test_a_best_that_was_held_is_on_the_disk_before_a_last_that_names_it(run: RunDir) -> None:
    with Saver(run) as saver:
        for update in (1, 2, 3):
            saver.keep_best(at(update))
        saver.save_last(at(3, best=3))
        saver.finish()
    assert saved(run, "best")[0].about.progress.update == 3
    assert (run.checkpoints / "best").resolve().name == "best-000003"


def test_only_keys_that_change_what_is_learned_count_as_differing() -> None:
    about = at(1, config=resolve({"optimizer": {"lr": 0.1}, "training": {"log_every": 3}})).about
    assert differing_keys(about, RunConfig()) == ["optimizer.lr"]
    older = about.model_copy(update={"config": {"optimizer": {"lr": 0.1}}})  # knew no other key than that
    assert differing_keys(older, RunConfig()) == ["optimizer.lr"]
    other = about.model_copy(update={"config": {**about.config, "gone": 1}})
    assert "gone" in differing_keys(other, RunConfig())


@pytest.fixture
def fork(run: RunDir) -> Path:
    """A run that begins with the weights of another; the directory that holds them."""
    entry = RunFile(
        id="f", name="f", created=0.0, config=RunConfig(), parent=Parent(id="p", checkpoint="best", update=9)
    )
    write_file(run.config_file, entry)
    checkpoint.save(run, "best", at(9))
    (run.checkpoints / "best").unlink()
    (run.checkpoints / "best-000009").rename(run.checkpoints / "start")
    return run.checkpoints / "start"


def test_a_fork_begins_with_the_weights_of_its_parent(run: RunDir, fork: Path) -> None:
    start = start_of(run, "data")
    assert start is not None
    assert torch.equal(start.model["w"], torch.full((3,), 9.0))


def test_a_run_of_its_own_begins_with_no_weights(run: RunDir) -> None:
    write_file(run.config_file, RunFile(id="r", name="r", created=0.0, config=RunConfig()))
    assert start_of(run, "") is None


@pytest.mark.parametrize("name", [MODEL_FILE, "checkpoint.json", ""])
@pytest.mark.parametrize("fault", ["cut", "gone"])
def test_a_fork_whose_weights_are_damaged_does_not_train_from_scratch(
    run: RunDir, fork: Path, name: str, fault: str
) -> None:
    path = fork / name
    if fault == "gone":
        path.rename(run.path / "elsewhere")
    elif path.is_file():
        path.write_bytes(path.read_bytes()[:-9])
    else:
        for file in path.iterdir():
            file.unlink()
    with pytest.raises(InputError, match="fork the run again"):
        start_of(run, "")


def test_best_is_the_best_of_the_update_that_a_session_goes_on_from(run: RunDir) -> None:
    save_all(run, "best", [at(2)])
    checkpoint.save(run, "last", at(3, best=2))
    save_all(run, "best", [at(4)])  # of updates that are about to be done again
    assert (run.checkpoints / "best").resolve().name == "best-000004"
    found, findings = checkpoint_to_continue(run, RunConfig(), "data")
    assert found is not None
    assert (found.about.progress.update, findings) == (3, [])
    assert (run.checkpoints / "best").resolve().name == "best-000002"


def test_a_damaged_checkpoint_is_passed_over_with_a_finding_that_names_it(run: RunDir) -> None:
    save_all(run, "last", [at(3), at(6)])
    (run.checkpoints / "last-000006" / MODEL_FILE).write_bytes(b"")
    found, (finding,) = checkpoint_to_continue(run, RunConfig(), "data")
    assert found is not None
    assert found.about.progress.update == 3
    assert (finding.kind, finding.update, finding.severity) == ("damaged-checkpoint", 6, "warning")
    assert "last-000006" in finding.evidence
    assert "goes on from the checkpoint before" in finding.advice


def test_checkpoints_of_other_settings_or_data_are_refused(run: RunDir) -> None:
    checkpoint.save(run, "last", at(5))
    with pytest.raises(InputError, match=r"update 5 .*optimizer\.lr.*moetui fork"):
        checkpoint_to_continue(run, resolve({"optimizer": {"lr": 0.5}}), "data")
    with pytest.raises(InputError, match=r"update 5 \(other, not data\)"):
        checkpoint_to_continue(run, RunConfig(), "other")
    assert checkpoint_to_continue(run, resolve({"training": {"log_every": 7}}), "data")[0] is not None
