"""A branch that leaves a run in the middle, against the run from the start: equal bit for bit on a CPU."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import safetensors.torch
import torch

from engine.runfiles.jsonfile import write_file
from engine.runfiles.metrics import MetricsReader, Record
from engine.runfiles.rundir import Parent, RunDir, RunFile
from engine.runfiles.saved import TRAINING_FILE, saved
from engine.spec.config import RunConfig
from moetui.core.planning.plan import Start
from moetui.core.queue.branching import branched, shared_updates
from moetui.core.queue.enqueue import give_start
from tests.engine.tiny import make_run, tiny_config, train, write_corpus

pytestmark = pytest.mark.slow

SETTINGS: dict[str, Any] = {
    "training.updates": 24,
    "training.accumulation": 2,
    "training.keep_at": [0.25, 15],
    "evaluation.every": 4,
    "model.dropout": 0.2,
    "model.router_noise": 0.3,
    "schedule.kind": "wsd",
    "schedule.warmup": 0.1,
    "schedule.decay": 0.25,
    "schedule.floor": 0.0,
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("branches") / "corpus.jsonl")


@pytest.fixture(scope="module")
def trunk(corpus: Path) -> RunDir:
    run = make_run(corpus.parent / "trunk", tiny_config(corpus, SETTINGS))
    code, output = train(run)
    assert code == 0, output
    return run


def leave(trunk: RunDir, name: str, config: RunConfig, update: int) -> RunDir:
    """A run that goes on from a kept checkpoint of the trunk."""
    (found,) = [one for one in saved(trunk, "kept") if one.about.progress.update == update]
    path = trunk.path.parent / name
    path.mkdir()
    parent = Parent(id="trunk", checkpoint="kept", update=update, whole=True, branch=True)
    give_start(path / "checkpoints" / "start", Start(parent, found.path))
    write_file(path / "config.json", RunFile(id=name, name=name, created=0.0, config=config, parent=parent))
    return RunDir(path)


def learned(run: RunDir, after: int) -> list[Record]:
    keys = ("update", "tokens", "train_loss", "grad_norm", "lr", "val_loss", "val_accuracy", "router_entropy")
    records = MetricsReader(run.metrics_file).read()
    return [{k: r[k] for k in keys if k in r} for r in records if r["update"] > after]


def test_a_run_keeps_the_checkpoints_that_it_is_asked_to(trunk: RunDir) -> None:
    assert sorted(one.about.progress.update for one in saved(trunk, "kept")) == [6, 15]
    assert all(TRAINING_FILE in one.about.files for one in saved(trunk, "kept"))


@pytest.mark.parametrize(
    ("updates", "length", "leaves"),
    [pytest.param(12, None, 6, marks=pytest.mark.long), pytest.param(20, 0.2, 15, marks=pytest.mark.long), (7, 0.1, 6)],
)
def test_a_branch_is_the_run_from_the_start(
    corpus: Path, trunk: RunDir, updates: int, length: float | None, leaves: int
) -> None:
    config = branched(trunk.config().config, updates, length)
    assert shared_updates(trunk.config().config, config) >= leaves
    branch = leave(trunk, f"branch-{updates}", config, leaves)
    whole = make_run(trunk.path.parent / f"scratch-{updates}", config)
    for run in (branch, whole):
        code, output = train(run)
        assert code == 0, output
    assert learned(branch, leaves) == learned(whole, leaves)
    ends = [run.result() for run in (branch, whole)]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0].final is not None
    assert ends[1].final is not None
    assert replace_seconds(ends[0].final.model_dump()) == replace_seconds(ends[1].final.model_dump())
    for file in ("model.safetensors", TRAINING_FILE):
        one, other = (safetensors.torch.load_file(run.checkpoints / "last" / file) for run in (branch, whole))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one), file


def replace_seconds(scores: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in scores.items() if key != "seconds"}


def test_a_branch_that_was_stopped_goes_on_from_its_own_checkpoint(corpus: Path, trunk: RunDir) -> None:
    config = branched(trunk.config().config, 12, None)
    branch = leave(trunk, "stopped", config, 6)
    config_file = branch.config().model_copy(
        update={
            "config": config.model_copy(
                update={"training": config.training.model_copy(update={"checkpoint_updates": 2})}
            )
        }
    )
    write_file(branch.config_file, config_file)
    code, output = train(branch)
    assert code == 0, output
    assert "another run goes on here after update 6" in output
    newest = saved(branch, "last")[0]
    assert newest.about.progress.update == 12


def test_a_branch_on_other_data_is_refused(corpus: Path, trunk: RunDir) -> None:
    config = branched(trunk.config().config, 12, None)
    branch = leave(trunk, "elsewhere", config, 6)
    about = branch.checkpoints / "start" / "checkpoint.json"
    tree = orjson.loads(about.read_bytes())
    about.write_bytes(orjson.dumps(tree | {"data_fingerprint": "other"}))
    code, output = train(branch)
    assert code == 1
    assert "the data are not those of the run that this one goes on from" in output


def test_a_share_as_a_warm_up_stays_as_many_updates(corpus: Path) -> None:
    trunk = tiny_config(corpus, SETTINGS | {"training.updates": 240})
    branch = branched(trunk, 60, None)
    assert (branch.schedule.warmup_updates, branch.schedule.decay) == (24, 0.25)
    assert shared_updates(trunk, branch) == 45
    shorter = branch.model_copy(update={"schedule": trunk.schedule})
    assert shared_updates(trunk, shorter) == 0
