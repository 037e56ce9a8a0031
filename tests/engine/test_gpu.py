"""What only a GPU can show: an update that never waits for the device, and graphs that learn what plain passes learn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engine.data.batches import Sequences
from engine.data.corpus import open_corpus
from engine.model.grouped import capability, kernel_for
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import TrainingConfig
from engine.training.device import open_device
from engine.training.update import Updater
from tests.engine.tiny import tiny_config, write_corpus

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device"),
]


@pytest.fixture
def updater(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Updater:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return made(tmp_path, "off")


def made(tmp_path: Path, way: str) -> Updater:
    settings = {
        "training.device": "cuda",
        "training.accumulation": 3,
        "training.compile": way,
        "model.dropout": 0.1,
        "model.d_ff": 32,
    }
    config = tiny_config(write_corpus(tmp_path / "corpus.jsonl"), settings)
    device = open_device(TrainingConfig(device="cuda"))
    corpus = open_corpus(config.data, config.model.vocab_size, lambda _: None)
    torch.manual_seed(1)
    model = Transformer(config.model, device.compute)
    model.initialize()
    model.to(device.torch)
    sequences = Sequences(corpus.train, config.data.sequence_length, device.torch)
    return Updater(config, model, Optimizer(model, config.optimizer), sequences)


@pytest.fixture
def _no_waiting() -> Iterator[None]:
    """From the moment the test sets the mode, whatever waits for the device raises; afterwards it may again."""
    yield
    torch.cuda.set_sync_debug_mode("default")


@pytest.mark.usefixtures("_no_waiting")
def test_an_update_never_waits_for_the_device(updater: Updater) -> None:
    if kernel_for(capability(torch.device("cuda", 0)), torch.bfloat16) == "padded":
        pytest.skip("without a grouped kernel the host has to learn the size of the largest group")
    updater.run(1, 0.01)  # what is set up once may wait
    torch.cuda.set_sync_debug_mode("error")
    scores = [updater.run(update, 0.01) for update in range(2, 5)]
    torch.cuda.set_sync_debug_mode("default")
    assert all(bool(torch.isfinite(score.loss)) for score in scores)


def test_batches_come_through_page_locked_memory(updater: Updater) -> None:
    sequences = updater._feed._sequences
    assert sequences.read(torch.arange(2).numpy()).is_pinned()
    assert updater._feed.at(0).is_cuda


# In bfloat16 compiled code rounds elsewhere, and a token may change its expert.
@pytest.mark.slow
@pytest.mark.parametrize(("way", "close"), [("regions", 3e-2), ("graph", 5e-3)])
def test_20_updates_learn_the_same_by_compiled_code_and_by_a_graph(
    way: str, close: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kernel_for(capability(torch.device("cuda", 0)), torch.bfloat16) == "padded":
        pytest.skip("without a grouped kernel the passes are plain")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    plain, other = made(tmp_path, "off"), made(tmp_path, way)
    losses = [[float(updater.run(update, 0.02).loss) for update in range(1, 21)] for updater in (plain, other)]
    assert other.passes.used == way
    assert losses[1] == pytest.approx(losses[0], abs=close)
