from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data.batches import Sequences
from engine.data.token_file import TokenFile
from engine.spec.config import RunConfig
from engine.training.evaluate import evaluate
from tests.engine.model.naive import naive_forward
from tests.engine.model.small import END_OF_TEXT, small_batch, small_config, small_model


def sequences_of(rows: torch.Tensor, path: Path) -> Sequences:
    rows.numpy().astype("<u2").tofile(path / "tokens.bin")
    return Sequences(TokenFile(path / "tokens.bin", "<u2"), rows.shape[1], torch.device("cpu"))


@pytest.mark.parametrize("option", ["reference", "like DeepSeek-V3", "dense"])
def test_scores_cover_every_sequence_whatever_the_batches(option: str, tmp_path: Path) -> None:
    config = small_config(option).model_copy(update={"dropout": 0.5, "router_noise": 3.0})
    model = small_model(config)
    rows = torch.cat((small_batch(config), small_batch(config).flip(1), small_batch(config)[:1].roll(2)))
    tree = {"model": config.model_dump(), "evaluation": {"batch_size": 2}}
    found = evaluate(model, sequences_of(rows, tmp_path), RunConfig.model_validate(tree), lambda: True)
    assert found is not None

    weights = {name: value.detach() for name, value in model.state_dict().items()}
    logits, layers = naive_forward(weights, rows, config, END_OF_TEXT)
    losses, right = [], []
    for row, tokens in zip(logits, rows.tolist(), strict=True):
        for one, target in zip(row, tokens[1:], strict=False):
            losses.append(-one.log_softmax(0)[target].item())
            right.append(one.argmax().item() == target)
    assert found.loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert found.perplexity == pytest.approx(np.exp(np.mean(losses)), rel=1e-4)
    assert found.accuracy == pytest.approx(np.mean(right))
    for load, layer in zip(found.expert_load, layers, strict=True):
        chosen = [expert for choice in layer.chosen for expert in choice]
        assert load == pytest.approx([chosen.count(e) / len(chosen) for e in range(config.n_experts)])
    assert found.expert_load_max == max(max(load) for load in found.expert_load)
    assert found.expert_load_min == min(min(load) for load in found.expert_load)
    entropies = [-(share * share.log()).sum().item() for layer in layers for share in layer.shares]
    assert found.router_entropy == pytest.approx(np.mean(entropies), rel=1e-4)


def test_an_evaluation_that_is_told_to_stop_gives_no_scores(tmp_path: Path) -> None:
    config = small_config("reference")
    sequences = sequences_of(torch.arange(48).view(6, 8), tmp_path)
    tree = {"model": config.model_dump(), "evaluation": {"batch_size": 2}}
    answers = iter([True, False])
    assert evaluate(small_model(config), sequences, RunConfig.model_validate(tree), lambda: next(answers)) is None
