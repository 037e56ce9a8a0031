"""A run small enough to train within a second or two, on text of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import orjson

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import RunDir, RunFile
from engine.spec.config import RunConfig, resolve

MODEL = {"vocab_size": 300, "d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 24, "n_experts": 4, "dropout": 0.0}


def write_corpus(path: Path, documents: int = 200) -> Path:
    """A .jsonl file of documents of made-up sentences, none like another."""
    draw = Random(7)
    words = [
        "a",
        "router",
        "sends",
        "each",
        "token",
        "to",
        "two",
        "experts",
        "and",
        "learns",
        "which",
        "of",
        "them",
        "answers",
        "best",
    ]
    lines = [
        orjson.dumps({"text": f"{number}: " + " ".join(draw.choices(words, k=30))}).decode()
        for number in range(documents)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def tiny_config(corpus: Path, settings: Mapping[str, Any] | None = None) -> RunConfig:
    """The tiny run on a corpus, with dotted settings on top."""
    tree: dict[str, Any] = {
        "model": dict(MODEL),
        "data": {"source": "files", "files": [str(corpus)], "tokenizer": "bpe:300", "sequence_length": 16},
        "optimizer": {},
        "schedule": {},
        "training": {"updates": 6, "batch_size": 4, "device": "cpu"},
        "evaluation": {"every": 3, "max_sequences": 16},
        "health": {},
    }
    for key, value in (settings or {}).items():
        section, _, leaf = key.rpartition(".")
        (tree[section] if section else tree)[leaf] = value
    return resolve(tree)


def make_run(path: Path, config: RunConfig, devices: int = 1) -> RunDir:
    """A run directory that is ready to be trained."""
    path.mkdir(exist_ok=True)
    write_file(path / "config.json", RunFile(id=path.name, name=path.name, created=0.0, devices=devices, config=config))
    return RunDir(path)


def start(run: RunDir, **environment: str) -> subprocess.Popen[str]:
    """Start the trainer of a run, with its cache beside the run directory."""
    fixed = {"XDG_CACHE_HOME": str(run.path.parent / "cache"), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "engine", str(run.path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **fixed, **environment},
        cwd=Path(__file__).parents[2],
    )


def start_ranks(run: RunDir, count: int, **environment: str) -> list[subprocess.Popen[str]]:
    """Start the ranks of a run, as torchrun would on one machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return [start(run, **shared, **environment, RANK=str(rank), LOCAL_RANK=str(rank)) for rank in range(count)]


def train_on_ranks(run: RunDir, count: int, **environment: str) -> list[tuple[int, str]]:
    """Train a run on several ranks to its end; the exit code and the output of each."""
    if count == 1:
        return [train(run, **environment)]
    ranks = start_ranks(run, count, **environment)
    outputs = [rank.communicate(timeout=300)[0] for rank in ranks]
    return [(rank.returncode, output) for rank, output in zip(ranks, outputs, strict=True)]


def with_python(code: str, folder: Path) -> dict[str, str]:
    """The environment in which every Python process first executes `code`, which is kept in `folder`."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": str(folder)}


def train(run: RunDir, **environment: str) -> tuple[int, str]:
    """Train a run to its end; the exit code and the output."""
    process = start(run, **environment)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output
