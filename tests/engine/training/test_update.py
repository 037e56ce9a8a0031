"""The training step itself, against plain autograd on the same sequences."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.data.batches import Sequences
from engine.data.token_file import TokenFile
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import RunConfig
from engine.training.update import Updater, UpdateScores
from tests.engine.tiny import tiny_config

LENGTH, SEQUENCES = 16, 40
BATCH, ACCUMULATION = 4, 3
LR = 0.02


@pytest.fixture(params=[{"balance_weight": 0.0}, {"balance_weight": 0.5}], ids=["z-loss", "balance and z-loss"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> RunConfig:
    settings = {"training.batch_size": BATCH, "training.accumulation": ACCUMULATION, "seed": 3}
    tree = tiny_config(tmp_path / "unused", settings | {"optimizer.grad_clip": 0.05}).model_dump()
    tree["model"] |= {"router_noise": 0.0, "z_weight": 0.1} | request.param
    return RunConfig.model_validate(tree)


@pytest.fixture
def rows(tmp_path: Path) -> Tensor:
    """The training text as sequences (40, 16)."""
    tokens = np.random.default_rng(2).integers(0, 300, (SEQUENCES, LENGTH))
    tokens.astype("<u2").tofile(tmp_path / "tokens.bin")
    return torch.from_numpy(tokens.astype(np.int64))


class Stepped(Optimizer):
    """Keeps the gradients that it was asked to apply, before and after clipping."""

    before: dict[str, Tensor]
    after: dict[str, Tensor]
    lr: float

    def step(self, lr: float) -> Tensor:
        self.lr = lr
        self.before = {name: p.grad.clone() for name, p in self.parameters.items() if p.grad is not None}
        norm = self._clip()
        self.after = {name: p.grad.clone() for name, p in self.parameters.items() if p.grad is not None}
        self.drop_gradients()
        return norm


def model_of(config: RunConfig) -> Transformer:
    torch.manual_seed(1)
    model = Transformer(config.model)
    model.initialize()
    return model


def updated(config: RunConfig, folder: Path, update: int) -> tuple[UpdateScores, Stepped]:
    model = model_of(config)
    optimizer = Stepped(model, config.optimizer)
    sequences = Sequences(TokenFile(folder / "tokens.bin", "<u2"), LENGTH, torch.device("cpu"))
    return Updater(config, model, optimizer, sequences).run(update, LR), optimizer


def plain(config: RunConfig, batch_BL: Tensor) -> dict[str, Any]:
    """Loss, accuracy and gradients of a batch with torch's own cross-entropy on whole logits; router losses by micro-batch."""
    model = model_of(config)
    model.train()
    output = model(batch_BL)
    logits_NV = (output.hidden_BLD[:, :-1] @ model.head.T).flatten(0, 1)
    targets_N = batch_BL[:, 1:].flatten()
    loss = functional.cross_entropy(logits_NV, targets_N)
    router = torch.stack([model(micro_BL).router_loss for micro_BL in batch_BL.split(BATCH)]).mean()
    (loss + router).backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    right = (logits_NV.argmax(dim=-1) == targets_N).double().mean()
    return {"loss": loss.item(), "accuracy": right.item(), "router": router.item(), "gradients": gradients}


@pytest.mark.parametrize("update", [1, 2])
def test_an_update_is_a_plain_step_on_all_its_sequences(
    config: RunConfig, rows: Tensor, tmp_path: Path, update: int
) -> None:
    size = BATCH * ACCUMULATION
    order = np.random.default_rng([config.seed, 0]).permutation(SEQUENCES)
    expected = plain(config, rows[order[(update - 1) * size : update * size]])
    scores, optimizer = updated(config, tmp_path, update)
    assert expected["router"] > 0.01
    assert scores.loss.item() == pytest.approx(expected["loss"], rel=1e-5)
    assert scores.accuracy.item() == pytest.approx(expected["accuracy"], abs=1e-6)
    assert optimizer.lr == LR
    assert optimizer.before.keys() == expected["gradients"].keys()
    for name, gradient in expected["gradients"].items():
        torch.testing.assert_close(optimizer.before[name], gradient, rtol=1e-4, atol=1e-6, msg=name)
    norm = torch.cat([gradient.flatten() for gradient in expected["gradients"].values()]).norm()
    assert scores.grad_norm.item() == pytest.approx(norm.item(), rel=1e-5)
    clipped = torch.cat([gradient.flatten() for gradient in optimizer.after.values()]).norm()
    assert clipped.item() == pytest.approx(0.05, rel=1e-4)
