"""The gradient noise scale, against the gradients of single sequences and against planted noise."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.data.batches import Sequences, TrainingOrder
from engine.data.token_file import TokenFile
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.ranks.ranks import Ranks
from engine.runfiles.history import read_records
from engine.spec.config import ConfigError, RunConfig
from engine.spec.roles import role_of
from engine.training.noise_scale import MEMORY, NoiseMeter
from engine.training.update import Updater
from tests.engine.tiny import make_run, tiny_config, train, write_corpus

LENGTH, ROWS = 16, 60


def configured(folder: Path, *, batch: int, accumulation: int, balance: float = 0.0, **training: Any) -> RunConfig:
    settings = {
        "training.batch_size": batch,
        "training.accumulation": accumulation,
        "training.noise_scale": True,
        "optimizer.grad_clip": 0.01,
        **{f"training.{key}": value for key, value in training.items()},
    }
    tree = tiny_config(folder / "unused", settings).model_dump()
    tree["model"] |= {"router_noise": 0.0, "balance_weight": balance}
    return RunConfig.model_validate(tree)


def rows(folder: Path) -> Tensor:
    tokens = np.random.default_rng(2).integers(0, 300, (ROWS, LENGTH))
    tokens.astype("<u2").tofile(folder / "tokens.bin")
    return torch.from_numpy(tokens.astype(np.int64))


def updater(config: RunConfig, folder: Path) -> tuple[Updater, Transformer]:
    torch.manual_seed(1)
    model = Transformer(config.model)
    model.initialize()
    optimizer = Optimizer(model, config.optimizer)
    sequences = Sequences(TokenFile(folder / "tokens.bin", "<u2"), LENGTH, torch.device("cpu"))
    return Updater(config, model, optimizer, sequences), model


def of_sequences(model: Transformer, tokens_NL: Tensor) -> dict[str, Tensor]:
    """The gradient of every sequence by itself with torch's cross-entropy: parameter → (sequences, elements)."""
    found: dict[str, list[Tensor]] = {name: [] for name, _ in model.named_parameters()}
    model.train()
    for tokens_L in tokens_NL:
        model.zero_grad()
        output = model(tokens_L[None])
        logits_NV = (output.hidden_BLD[:, :-1] @ model.head.T).flatten(0, 1)
        (functional.cross_entropy(logits_NV, tokens_L[1:]) + output.router_loss).backward()
        for name, parameter in model.named_parameters():
            grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            found[name].append(grad.flatten().double().clone())
    model.zero_grad()
    return {name: torch.stack(gradients) for name, gradients in found.items()}


def test_micro_batches_of_one_sequence_give_the_variance_of_the_sequences(tmp_path: Path) -> None:
    count = 6
    config, text = configured(tmp_path, batch=1, accumulation=count), rows(tmp_path)
    order = TrainingOrder(ROWS, config.seed).at(0, count)
    step, model = updater(config, tmp_path)
    single = of_sequences(model, text[torch.as_tensor(np.asarray(order))])
    step.run(1, 0.01)
    assert step.noise is not None
    record = step.noise.read()
    roles = {name: role_of(name, parameter) for name, parameter in model.named_parameters()}
    groups = {
        "embedding": [name for name, role in roles.items() if role == "embedding"],
        "muon": [name for name, role in roles.items() if role in ("attention", "experts")],
        "adamw": [name for name, role in roles.items() if role in ("router", "head", "gain")],
    }
    for group, names in groups.items():
        every_NP = torch.cat([single[name] for name in names], dim=1)
        mean_P = every_NP.mean(0)
        variance = float((every_NP - mean_P).square().sum() / (count - 1))
        signal = float(mean_P.square().sum()) - variance / count
        assert record[f"gradient_variance_{group}"] == pytest.approx(variance, rel=1e-4)
        assert record[f"gradient_signal_{group}"] == pytest.approx(signal, rel=1e-3, abs=1e-4 * variance)
        if signal > 0:
            assert record[f"noise_scale_{group}"] == pytest.approx(variance / signal, rel=1e-2)


class Planted(nn.Module):
    """One matrix whose gradient is set by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding_VD = nn.Parameter(torch.zeros(20, 10))


def planted(config: RunConfig, updates: int, signal: float, noise: float) -> tuple[NoiseMeter, list[dict[str, float]]]:
    """Gradients of mean `signal` in every element, whose variance for one sequence is noise²."""
    model = Planted()
    meter = NoiseMeter(config, Optimizer(model, config.optimizer), config.training.accumulation)
    draw = torch.Generator().manual_seed(3)
    k, b = config.training.accumulation, config.training.batch_size
    found = []
    for _ in range(updates):
        meter.begin()
        model.embedding_VD.grad = None
        for _ in range(k):
            own = signal + noise / b**0.5 * torch.randn(20, 10, generator=draw)
            before: Tensor | None = model.embedding_VD.grad
            model.embedding_VD.grad = own / k if before is None else before + own / k
            meter.add()
        meter.end(Ranks())
        found.append(meter.read())
    return meter, found


@pytest.mark.parametrize(("batch", "accumulation"), [(1, 2), (4, 2), (4, 8)])
def test_parts_are_unbiased_and_averaged_apart(tmp_path: Path, batch: int, accumulation: int) -> None:
    config = configured(tmp_path, batch=batch, accumulation=accumulation)
    _, found = planted(config, 600, 0.5, 1.0)
    signal = np.mean([one["gradient_signal_embedding"] for one in found])
    variance = np.mean([one["gradient_variance_embedding"] for one in found])
    assert signal == pytest.approx(200 * 0.5**2, rel=0.05)
    assert variance == pytest.approx(200.0, rel=0.02)
    parts = np.array([[one["gradient_signal_embedding"], one["gradient_variance_embedding"]] for one in found])
    average = parts[0]
    for one in parts[1:]:
        average = MEMORY * average + (1 - MEMORY) * one
    assert average[0] > 0
    assert found[-1]["noise_scale_embedding"] == pytest.approx(average[1] / average[0])


def test_an_update_that_is_begun_again_counts_once(tmp_path: Path) -> None:
    config = configured(tmp_path, batch=2, accumulation=3)
    rows(tmp_path)
    plain, _ = updater(config, tmp_path)
    broken, _ = updater(config, tmp_path)
    assert plain.noise is not None
    assert broken.noise is not None
    broken.noise.begin()
    broken.noise.add()
    for one in (plain, broken):
        one.run(1, 0.01)
    assert broken.noise.read() == pytest.approx(plain.noise.read())
    assert broken.noise.read() == {}


def test_it_changes_nothing_of_the_training(tmp_path: Path) -> None:
    rows(tmp_path)
    losses = []
    for measured in (True, False):
        step, _ = updater(configured(tmp_path, batch=2, accumulation=3, noise_scale=measured), tmp_path)
        losses.append([step.run(update, 0.01).loss.item() for update in (1, 2, 3)])
    assert losses[0] == losses[1]


def test_it_takes_two_micro_batches(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="accumulation must be 2 or more"):
        tiny_config(tmp_path / "unused", {"training.noise_scale": True})


@pytest.mark.slow
@pytest.mark.long
def test_a_run_records_it_where_it_is_asked_for(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus.jsonl")
    asked = {"training.accumulation": 2, "training.log_every": 2}
    for name, more in (("with", {"training.noise_scale": True}), ("without", {})):
        run = make_run(tmp_path / name, tiny_config(corpus, asked | more))
        code, output = train(run)
        assert code == 0, output
        records = [record for record in read_records(run.metrics_file) if "train_loss" in record]
        measured = [record for record in records if "gradient_variance_muon" in record]
        assert len(measured) == (len(records) if more else 0)
        assert all(record["gradient_variance_embedding"] > 0 for record in measured)
