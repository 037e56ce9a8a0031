"""A micro-batch that does not fit into memory is divided, and the update stays what it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.data.batches import Sequences
from engine.data.token_file import TokenFile
from engine.model.transformer import Representation, Transformer
from engine.optim.optimizer import Optimizer
from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Launch
from engine.spec.config import RunConfig
from engine.training.update import Updater, UpdateScores
from tests.engine.tiny import make_run, tiny_config, train, with_python, write_corpus

LENGTH = 16
ROUTERS = [
    {"balance_weight": 0.0, "z_weight": 0.001},
    {"router": "sigmoid", "balance_weight": 0.0, "balance_rate": 0.01},
]


class Small:
    """A model, its optimizer and its updates, on a device whose memory takes so many sequences at once."""

    def __init__(self, path: Path, room: int, model: dict[str, Any], *, micro_batch: str = "auto") -> None:
        config = tiny_config(path / "unused", {"training.batch_size": 5, "training.accumulation": 3})
        tree = config.model_dump()
        tree["model"] |= {"router_noise": 0.0} | model
        tree["training"]["micro_batch"] = micro_batch
        self.config = RunConfig.model_validate(tree)
        torch.manual_seed(1)
        self.model = Transformer(self.config.model)
        self.model.initialize()
        self.optimizer = Optimizer(self.model, self.config.optimizer)
        rows = np.random.default_rng(2).integers(0, 300, (60, LENGTH))
        file = path / "tokens.bin"
        rows.astype("<u2").tofile(file)
        sequences = Sequences(TokenFile(file, "<u2"), LENGTH, torch.device("cpu"))
        self.updater = Updater(self.config, self.model, self.optimizer, sequences)
        self.seen: list[int] = []
        self.model.forward = self._limited(self.model.forward, room)  # type: ignore[method-assign, assignment]

    def _limited(self, forward: Callable[[Tensor], Representation], room: int) -> Callable[[Tensor], Representation]:
        def limited(tokens_BL: Tensor) -> Representation:
            if len(tokens_BL) > room:
                torch.rand(3)  # what was drawn before memory ran out
                raise torch.OutOfMemoryError("CUDA out of memory")
            self.seen.append(len(tokens_BL))
            return forward(tokens_BL)

        return limited

    def train(self, updates: int) -> list[UpdateScores]:
        return [self.updater.run(update, 0.01) for update in range(1, updates + 1)]


@pytest.mark.parametrize("model", ROUTERS)
@pytest.mark.parametrize(("room", "at_once"), [(5, 5), (4, 3), (2, 2), (1, 1)])
def test_a_divided_update_learns_the_same(room: int, at_once: int, model: dict[str, Any], tmp_path: Path) -> None:
    whole, divided = Small(tmp_path, 5, model), Small(tmp_path, room, model)
    for one, other in zip(whole.train(3), divided.train(3), strict=True):
        for name in ("loss", "accuracy", "grad_norm"):
            torch.testing.assert_close(getattr(other, name), getattr(one, name), rtol=1e-5, atol=1e-6)
    assert divided.updater.at_once == at_once
    assert max(divided.seen) == at_once
    assert sum(divided.seen) == 3 * 15
    other_state = divided.model.state_dict()
    for name, value in whole.model.state_dict().items():
        torch.testing.assert_close(other_state[name], value, rtol=1e-3, atol=1e-5, msg=name)


def test_a_try_that_failed_leaves_no_trace_in_the_random_numbers(tmp_path: Path) -> None:
    model = {"dropout": 0.2, "balance_weight": 0.0}
    found = []
    for first in (True, False):
        small = Small(tmp_path, 3, model)
        small.updater.at_once = 5 if first else 3
        torch.manual_seed(7)
        found.append([float(scores.loss) for scores in small.train(2)])
    assert found[0] == found[1]


def test_one_sequence_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        Small(tmp_path, 0, {}).train(1)


def test_without_being_asked_nothing_is_divided(tmp_path: Path) -> None:
    small = Small(tmp_path, 4, {}, micro_batch="whole")
    with pytest.raises(torch.OutOfMemoryError):
        small.train(1)
    assert small.seen == []


def test_other_errors_are_not_tried_again(tmp_path: Path) -> None:
    small = Small(tmp_path, 5, {})
    calls = []

    def broken(tokens_BL: Tensor) -> Representation:
        calls.append(len(tokens_BL))
        raise RuntimeError("an illegal memory access was encountered")

    small.model.forward = broken  # type: ignore[method-assign, assignment]
    with pytest.raises(RuntimeError, match="illegal"):
        small.train(1)
    assert calls == [5]


LIMIT = """
import torch
from engine.model.transformer import Transformer
forward = Transformer.forward
def limited(self, tokens, *rest, **more):
    if self.training and len(tokens) > 2:
        raise torch.OutOfMemoryError("CUDA out of memory")
    return forward(self, tokens, *rest, **more)
Transformer.forward = limited
"""

EVERY_LIMIT = LIMIT.replace("self.training and ", "")


@pytest.mark.slow
def test_a_run_tells_that_it_was_divided_and_goes_on_with_that(tmp_path: Path) -> None:
    settings = {"training.micro_batch": "auto", "training.updates": 4, "health.divergence_factor": 50.0}
    run = make_run(tmp_path / "run", tiny_config(write_corpus(tmp_path / "corpus.jsonl"), settings))
    code, output = train(run, **with_python(LIMIT, tmp_path / "site"))
    assert code == 0, output
    result = run.result()
    assert result is not None
    (finding,) = [one for one in result.findings if one.kind == "divided-micro-batch"]
    assert (finding.update, finding.evidence) == (1, "4 sequences at once do not fit into memory; 2 do")
    assert output.count("do not fit into memory") == 1


@pytest.mark.slow
def test_a_try_after_one_that_ran_out_of_memory_computes_less_at_once_and_learns_the_same(tmp_path: Path) -> None:
    settings = {"training.updates": 4, "model.balance_weight": 0.0, "model.router_noise": 0.0}
    config = tiny_config(write_corpus(tmp_path / "corpus.jsonl"), settings)
    losses, kinds = [], []
    for name, at_once in (("whole", None), ("fewer", 2)):
        run = make_run(tmp_path / name, config)
        entry = Launch(started=0.0, host="", boot_id="", device="cpu", token="ours", at_once=at_once)
        write_file(run.launch_file, entry)
        limit = with_python(EVERY_LIMIT, tmp_path / f"site-{name}") if at_once else {}
        code, output = train(run, MOETUI_RUN_TOKEN="ours", **limit)
        assert code == 0, output
        result = run.result()
        assert result is not None
        assert result.final is not None
        losses.append(result.final.val_loss)
        kinds.append({one.kind for one in result.findings})
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert ["divided-micro-batch" in found for found in kinds] == [False, True]
