"""A run is trained, and its model is used: real processes from the command line to the files."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine.model.cache import Cache
from engine.runfiles.rundir import RunDir
from engine.spec.config import TrainingConfig
from engine.training.device import open_device
from engine.training.trained import load_trained
from tests.engine.tiny import make_run, tiny_config, train, write_corpus

# What transformers knows as GLM, so that routers with biases, shared experts and norms of queries and keys are trained for once.
SETTINGS = {
    "model.experts": "swiglu",
    "model.router": "sigmoid",
    "model.shared_experts": 1,
    "model.qk_norm": "head",
    "model.n_kv_heads": 1,
    "model.z_weight": 0.001,
    "model.cross_document_attention": False,
    "training.updates": 12,
    "evaluation.every": 4,
    "optimizer.lr": 0.05,
}


@dataclass(frozen=True)
class Place:
    """A workspace with one trained run, `model`, and the cache that it was trained with."""

    workspace: Path
    run: RunDir
    cache: Path

    def moetui(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of a command."""
        done = subprocess.run(
            [sys.executable, "-m", "moetui.cli.main", "--workspace", str(self.workspace), *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, "XDG_CACHE_HOME": str(self.cache), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
            cwd=Path(__file__).parents[2],
        )
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / "runs").mkdir()
    config = tiny_config(write_corpus(workspace / "corpus.jsonl"), SETTINGS)
    run = make_run(workspace / "runs" / "model", config)
    code, output = train(run, XDG_CACHE_HOME=str(workspace / "cache"))
    assert code == 0, output
    found = Place(workspace, run, workspace / "cache")
    code, _, complaint = found.moetui("reindex")
    assert code == 0, complaint
    return found


@pytest.mark.slow
def test_a_run_trains_with_every_new_part_and_its_checkpoint_holds_the_biases(place: Place) -> None:
    tensors = load_file(place.run.checkpoints / "last" / "model.safetensors")
    biases = {n: b for n, b in tensors.items() if n.endswith("bias_E")}
    assert len(biases) == 2
    for bias_E in biases.values():
        # 12 steps of 0.001 each way: multiples of the step, and moved.
        steps = bias_E / 0.001
        assert torch.allclose(steps, steps.round(), atol=1e-3)
        assert 0 < steps.abs().max() <= 12
    assert not any(n.endswith("assigned_E") for n in tensors)


@pytest.mark.slow
def test_generate_streams_the_text_that_a_seed_draws(place: Place) -> None:
    options = (
        "generate",
        "model",
        "--prompt",
        "-e a router",
        "--max-tokens",
        "24",
        "--temperature",
        "1.5",
        "--seed",
        "5",
    )
    code, out, complaint = place.moetui(*options, "--json")
    assert code == 0, complaint
    found = json.loads(out)
    assert (found["prompt"], found["seed"], found["checkpoint"]) == ("-e a router", 5, "best")
    assert 1 <= found["tokens"] <= 24
    code, out, words = place.moetui(*options)
    assert code == 0
    assert f"{found['tokens']} tokens" in words
    # A stream holds back what is no whole character yet, and control codes.
    plain = "".join(c for c in found["text"] if c >= " " or c in "\n\t")
    assert plain.startswith(out.removesuffix("\n").rstrip("\ufffd"))
    assert len(out) > 1


@pytest.mark.slow
def test_export_gives_transformers_a_model_of_the_same_logits_and_a_tokenizer_of_the_same_ids(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    monkeypatch.setenv("XDG_CACHE_HOME", str(place.cache))
    code, out, complaint = place.moetui("export-hf", "model", str(tmp_path / "out"), "--checkpoint", "last", "--json")
    assert code == 0, complaint
    about = json.loads(out)
    assert (about["model_type"], about["checkpoint"], about["update"]) == ("glm4_moe", "last", 12)
    assert "crosses documents" in about["note"]
    trained = load_trained(place.run.path, "last", open_device(TrainingConfig(device="cpu")))
    text = "7: a router sends each token to two experts"
    (ids,) = trained.tokenizer.encode([text])
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    with torch.no_grad():
        tokens = torch.tensor([ids])
        hidden = trained.model(tokens, Cache(trained.config.model.n_layers)).hidden_BLD
        torch.testing.assert_close(theirs(tokens).logits, hidden @ trained.model.head.T, rtol=1e-4, atol=1e-4)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer(text)["input_ids"] == ids
    assert tokenizer.decode(ids) == text
    assert tokenizer.eos_token_id == trained.tokenizer.end_of_text == theirs.config.eos_token_id

    before = sorted((tmp_path / "out").iterdir())
    code, _, complaint = place.moetui("export-hf", "model", str(tmp_path / "out"))
    assert (code, "is not empty" in complaint, complaint.count("\n")) == (2, True, 1)
    assert sorted((tmp_path / "out").iterdir()) == before


@pytest.mark.slow
def test_a_run_without_a_checkpoint_or_a_model_is_told_at_once(place: Place) -> None:
    code, _, complaint = place.moetui("generate", "published/schedule/baseline")
    assert (code, "published result" in complaint) == (3, True)
    empty = make_run(place.workspace / "runs" / "empty", place.run.config().config)
    assert place.moetui("reindex")[0] == 0
    code, _, complaint = place.moetui("generate", empty.path.name)
    assert (code, "has no checkpoint `best`" in complaint, complaint.count("\n")) == (3, True, 1)
    assert place.moetui("generate", "model", "--top-p", "2")[0] == 2
