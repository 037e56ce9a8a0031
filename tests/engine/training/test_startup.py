"""What a trainer loads before its first update when the cache has its tokens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.data.corpus import open_corpus
from tests.engine.tiny import make_run, tiny_config, write_corpus

ROOT = Path(__file__).parents[3]

# Each costs seconds, and none has a part in training on tokens that are there.
NEEDLESS = (
    "transformers",
    "datasets",
    "huggingface_hub",
    "tokenizers",
    "pyarrow",
    "torch._dynamo",
    "torch._inductor",
    "sympy",
)


def test_a_warm_start_loads_neither_the_tools_that_build_data_nor_the_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    config = tiny_config(write_corpus(tmp_path / "corpus.jsonl"), {"training.updates": 1})
    open_corpus(config.data, config.model.vocab_size, lambda _: None)
    run = make_run(tmp_path / "run", config)
    command = [sys.executable, "-X", "importtime", "-m", "engine", str(run.path)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert {"torch", "engine.training.loop"} <= loaded
    assert [name for name in NEEDLESS if name in loaded] == []
