"""Cooldown branches and forks that take the optimizer along, through a queue whose trainer only pretends."""

import pytest

from engine.runfiles.saved import TRAINING_FILE, saved
from moetui.core.errors import LabError, UsageError
from moetui.core.planning.plan import Selection, group_of, plan
from moetui.core.queue import resuming
from moetui.core.queue.branching import branches
from moetui.core.queue.enqueue import enqueue
from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.core.queue.test_dispatch import ended
from tests.core.queue.test_resuming import finished, give_checkpoint

pytestmark = pytest.mark.usefixtures("fake_engine")


def give_whole(lab: Lab, run_id: str, kind: str, update: int) -> None:
    (lab.run_dir(lab.find(run_id)).checkpoints / kind).unlink(missing_ok=True)  # the link that `give_checkpoint` makes
    folder = give_checkpoint(lab, lab.find(run_id), kind, update)
    (folder / TRAINING_FILE).write_bytes(b"optimizer")


def trunk(lab: Lab, **settings: object) -> str:
    base = {"schedule.kind": "wsd", "schedule.warmup": 0.1, "training.updates": 100, "training.device": "cpu"}
    axes: dict[str, tuple[object, ...]] = {"optimizer.lr": (0.05,)}
    selection = Selection(presets=("quickstart",), settings={**base, **settings}, axes=axes)
    (run,) = enqueue(lab, plan(lab.library(), selection))
    eventually(lambda: ended(lab))
    return run.id


def test_branches_leave_from_the_latest_checkpoint_that_both_share(lab: Lab) -> None:
    run_id = trunk(lab)
    for update in (20, 40, 60):
        give_whole(lab, run_id, "kept", update)
    made = branches(lab, lab.find(run_id), [0.3, 0.75, 100], 0.2)
    assert [record.updates for record in made] == [30, 75, 100]
    entries = [lab.run_dir(record).config() for record in made]
    parents = [entry.parent for entry in entries]
    assert [parent.update for parent in parents if parent] == [20, 60, 60]
    assert all(parent.whole and parent.branch for parent in parents if parent)
    assert [entry.config.schedule.warmup_updates for entry in entries] == [10] * 3
    # A branch is one of the runs of its own configuration, not a stranger among them.
    assert [record.group for record in made] == [group_of(entry.config) for entry in entries]
    start = saved(lab.run_dir(made[0]), "start")[0]
    assert TRAINING_FILE in start.about.files
    assert (start.path / TRAINING_FILE).read_bytes() == b"optimizer"


def test_a_branch_without_a_checkpoint_says_which_to_keep(lab: Lab) -> None:
    run_id = trunk(lab)
    give_whole(lab, run_id, "kept", 60)
    with pytest.raises(
        LabError, match=r"shares the first 40 with it.*there are: 60\); train it with training.keep_at = \[40\]"
    ):
        branches(lab, lab.find(run_id), [0.5], 0.2)


def test_a_run_that_decays_all_along_has_no_branches(lab: Lab) -> None:
    run_id = trunk(lab, **{"schedule.kind": "cosine", "schedule.warmup": 0.0})
    give_whole(lab, run_id, "kept", 60)
    with pytest.raises(LabError, match="not that of a warm-up and a constant"):
        branches(lab, lab.find(run_id), [0.9])


@pytest.mark.parametrize("at", [0.001, 101, -3])
def test_a_length_that_the_run_does_not_have_is_refused(lab: Lab, at: float) -> None:
    run_id = trunk(lab)
    with pytest.raises(UsageError, match="has 100 updates; name a share of them"):
        branches(lab, lab.find(run_id), [at])


def test_a_fork_takes_the_optimizer_along(lab: Lab) -> None:
    run_id = trunk(lab)
    give_whole(lab, run_id, "kept", 40)
    fork = resuming.fork(lab, lab.find(run_id), {"optimizer.lr": 0.01}, "40", whole=True)
    parent = lab.run_dir(fork).config().parent
    assert parent is not None
    assert (parent.update, parent.whole, parent.branch) == (40, True, False)
    assert fork.group.endswith(f"/{run_id}")
    assert TRAINING_FILE in saved(lab.run_dir(fork), "start")[0].about.files


@pytest.mark.parametrize(
    ("settings", "checkpoint", "words"),
    [
        ({}, "best", "holds weights alone"),
        ({"optimizer.kind": "adamw"}, "40", "does not fit another optimizer.kind"),
        ({"training.updates": 30}, "40", "leaves nothing to train"),
        ({}, "41", "has no checkpoint of update 41; it has 40"),
    ],
)
def test_a_fork_that_makes_no_sense_is_refused(
    lab: Lab, settings: dict[str, object], checkpoint: str, words: str
) -> None:
    run = finished(lab)
    give_whole(lab, run.id, "kept", 40)
    folder = give_checkpoint(lab, run, "best", 20)
    about = folder / "checkpoint.json"
    about.write_text(about.read_text().replace('"training.safetensors": 1', '"x": 1'))
    with pytest.raises((LabError, UsageError), match=words):
        resuming.fork(lab, run, settings, checkpoint, whole=True)
