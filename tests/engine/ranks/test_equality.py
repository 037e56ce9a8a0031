"""A run has the losses of one device on any number of them, up to the rounding of sums in another order."""

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from engine.runfiles.history import read_records
from engine.runfiles.metrics import Record
from engine.runfiles.rundir import Result, RunDir
from tests.engine.tiny import make_run, tiny_config, train_on_ranks, write_corpus

BASE: dict[str, Any] = {"training.accumulation": 4, "training.batch_size": 2, "evaluation.every": 3}
SOFTMAX = {"model.balance_weight": 0.01, "model.router_noise": 0.0}
SIGMOID = {
    "model.router": "sigmoid",
    "model.balance_weight": 0.0,
    "model.balance_rate": 0.01,
    "model.router_noise": 0.0,
}
NOISE = {"model.dropout": 0.1, "model.residual_dropout": 0.1, "model.router_noise": 0.2}
PLATEAU = {"schedule.kind": "plateau", "schedule.plateau_patience": 1, "schedule.plateau_threshold": 0.01}

TABLE: dict[str, dict[str, Any]] = {
    "softmax, Muon": SOFTMAX,
    "sigmoid with balance by bias": SIGMOID,
    "dense, AdamW": {
        "model.router": "dense",
        "model.balance_weight": 0.0,
        "optimizer.kind": "adamw",
        "optimizer.lr": 0.003,
    },
    "SGD, clipped": {**SOFTMAX, "optimizer.kind": "sgd", "optimizer.lr": 0.1, "optimizer.grad_clip": 0.3},
    "dropout and router noise": NOISE,
    "sigmoid, noise, plateau": {**SIGMOID, **NOISE, **PLATEAU},
    "cosine with warm-up, swiglu": {
        **SOFTMAX,
        "model.experts": "swiglu",
        "schedule.warmup": 0.2,
        "model.tied_head": False,
    },
    "documents apart, momentum of idle experts": {
        **SOFTMAX,
        "model.cross_document_attention": False,
        "optimizer.idle_experts": "momentum",
    },
    "early stopping": {**NOISE, "evaluation.patience": 2, "evaluation.min_delta": 0.5, "optimizer.lr": 0.05},
}


NOISE_PARTS = ("gradient_variance_embedding", "gradient_variance_muon", "gradient_variance_adamw")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus.jsonl")


def trained(path: Path, corpus: Path, count: int, settings: dict[str, Any]) -> RunDir:
    run = make_run(path / f"ranks-{count}", tiny_config(corpus, BASE | settings))
    for code, output in train_on_ranks(run, count):
        assert code == 0, output
    return run


def result_of(run: RunDir) -> Result:
    result = run.result()
    assert result is not None
    return result


def curve(run: RunDir, *keys: str) -> list[tuple[int, str, Any]]:
    records: list[Record] = read_records(run.metrics_file)
    return [(r["update"], key, r[key]) for r in records for key in keys if key in r]


def assert_same_course(one: RunDir, other: RunDir, rel: float, norm: float) -> None:
    """Losses, rates, evaluations and the end are the same up to `rel`, norms of gradients up to `norm`."""
    keys = ("train_loss", "grad_norm", "lr", "val_loss", "train_accuracy", "val_accuracy", "router_entropy")
    found, expected = curve(other, *keys), curve(one, *keys)
    assert [where[:2] for where in found] == [where[:2] for where in expected]
    for (update, key, value), (_, _, wanted) in zip(found, expected, strict=True):
        slack = 0.05 if key.endswith("accuracy") else 0.0  # of 120 tokens a few sit between two words
        assert value == pytest.approx(wanted, rel=norm if key == "grad_norm" else rel, abs=slack), (update, key)
    ends = [(r.status, r.update, r.stopped_early, r.best and r.best.update) for r in map(result_of, (one, other))]
    assert ends[0] == ends[1]


@pytest.mark.slow
def test_two_devices_with_uneven_shares_have_the_losses_of_one(tmp_path: Path, corpus: Path) -> None:
    settings = {**SIGMOID, **NOISE, **PLATEAU, "training.updates": 6, "training.accumulation": 3}
    settings["training.noise_scale"] = True
    one, two = (trained(tmp_path, corpus, count, settings) for count in (1, 2))
    assert_same_course(one, two, rel=1e-5, norm=1e-4)
    # The first update has the same forward to the bit, and evaluation adds up in one order.
    assert curve(two, "train_loss", "val_loss")[:2] == curve(one, "train_loss", "val_loss")[:2]
    # Every micro-batch counts in the noise scale, whichever device has computed it.
    parts = [[value for *_, value in curve(run, *NOISE_PARTS)] for run in (one, two)]
    assert len(parts[0]) == 6 * len(NOISE_PARTS)
    assert parts[1] == pytest.approx(parts[0], rel=1e-3)
    for name in ("model.safetensors", "training.safetensors"):
        ours, theirs = (load_file(run.checkpoints / "last" / name) for run in (one, two))
        assert ours.keys() == theirs.keys()
        for key, value in ours.items():
            assert theirs[key].shape == value.shape
    biases = [
        {
            name: value.tolist()
            for name, value in load_file(run.checkpoints / "last" / "model.safetensors").items()
            if "bias_E" in name
        }
        for run in (one, two)
    ]
    assert biases[0]
    assert biases[0] == biases[1]


@pytest.mark.long
@pytest.mark.parametrize("name", TABLE)
def test_one_two_and_four_devices_have_the_same_losses(tmp_path: Path, corpus: Path, name: str) -> None:
    settings = TABLE[name] | {"training.updates": 100, "evaluation.every": 10}
    one, two, four = (trained(tmp_path, corpus, count, settings) for count in (1, 2, 4))
    for other in (two, four):
        # A token between two experts may choose the other one: that moves the gradient of its update, and hardly the loss.
        assert_same_course(one, other, rel=1e-3, norm=0.1)
