"""Noise belongs to a micro-batch: what was drawn before it, and by whom, changes nothing."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine.runfiles.progress import Progress
from engine.runfiles.rundir import RunDir
from engine.training import checkpoint
from engine.training.checkpoint import Checkpoint
from engine.training.loop import Trainer
from engine.training.noise import begin_noise, noise_seed
from engine.training.reporter import Reporter
from engine.training.resume import checkpoint_to_continue
from engine.training.stopping import StopSwitch
from tests.engine.tiny import make_run, tiny_config, write_corpus


def test_the_noise_of_a_micro_batch_follows_from_its_place_alone() -> None:
    begin_noise(3, 7, 1)
    first = torch.rand(5)
    torch.rand(100)
    begin_noise(3, 7, 2)
    other = torch.rand(5)
    begin_noise(3, 7, 1)
    assert torch.equal(torch.rand(5), first)
    assert not torch.equal(first, other)


def test_seeds_of_neighbours_differ_in_the_bits_that_a_processor_takes() -> None:
    places = [(seed, update, micro) for seed in range(4) for update in range(1, 500) for micro in range(8)]
    assert len({noise_seed(*place) % 2**32 for place in places}) == len(places)


def trainer(run: RunDir) -> Trainer:
    config = run.config().config
    return Trainer(run, config, Progress(), Reporter(run, updates=4, session=1, started=0.0), StopSwitch(run, 0.0))


def test_a_checkpoint_of_an_earlier_version_with_random_states_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = tiny_config(write_corpus(tmp_path / "corpus.jsonl"), {"model.dropout": 0.1, "training.updates": 4})
    run = make_run(tmp_path / "run", config)
    assert trainer(run).train().status == "finished"
    assert not any("rng" in name for name in load_file(run.checkpoints / "last" / "training.safetensors"))
    found, _ = checkpoint_to_continue(run, config, run.state().data_fingerprint)  # type: ignore[union-attr]
    assert found is not None
    old = Checkpoint(found.about, found.model, found.training | {"rng.cpu": torch.get_rng_state()})
    checkpoint.save(run, "last", old)
    assert "rng.cpu" in load_file(run.checkpoints / "last" / "training.safetensors")
    later = trainer(run)
    assert later.progress.update == 4
    for name, value in later.optimizer.state().items():
        assert torch.equal(value, found.training[name])
