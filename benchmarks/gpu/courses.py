"""Whole runs in processes of their own: reruns, a resume after SIGKILL, two at a time, and memory that does not suffice."""

import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.gpu.sheet import SMALL, Sheet, settings
from engine.runfiles.jsonfile import write_file
from engine.runfiles.metrics import MetricsReader, Record
from engine.runfiles.rundir import Result, RunDir, RunFile

UPDATES, KILL_AFTER = 24, 11


def resume(sheet: Sheet) -> None:
    """Whether a rerun is the same bit for bit, and a run that was killed and resumed."""
    chance = {"dropout": 0.1, "router_noise": 0.1, "d_model": 128, "vocab_size": 1024}
    for deterministic in (False, True):
        training = {"updates": UPDATES, "batch_size": 8, "accumulation": 2, "checkpoint_updates": 3}
        training["deterministic"] = deterministic
        once, again, killed = (
            _run(sheet, f"{name}-{deterministic}", SMALL | chance, training, length=64 if sheet.tiny else 256)
            for name in ("once", "again", "killed")
        )
        for run in (once, again):
            _start(run).wait()
        at = _kill(killed)
        code = _start(killed).wait()
        first, second, third = map(_losses, (once, again, killed))
        rerun, resumed = _apart(first, second), _apart(first, third)
        word = "deterministic" if deterministic else "as it comes"
        exact = deterministic or not sheet.cuda
        sheet.judge(
            f"a rerun, {word}", f"differs by {rerun:.1e} over {len(second)} updates", right=rerun == 0 or not exact
        )
        close = resumed == 0 if exact else resumed <= 10 * max(rerun, 1e-7)
        found = f"killed at {at}, exit {code}, differs by {resumed:.1e} over {len(third)} updates"
        sheet.judge(f"a resume, {word}", found, right=close and code == 0)


def packing(sheet: Sheet) -> None:
    """Tokens per second of one run, and of two at a time."""
    _, sequences, length = sheet.shape()
    small = {"vocab_size": 4096, "d_model": 128, "n_layers": 4, "d_ff": 256}
    for name, model, batch, updates in (
        ("79m", sheet.model_settings(), sequences, 4 if sheet.tiny else 40),
        ("small", SMALL | small, 16, 32 if sheet.tiny else 300),
    ):
        if sheet.left < (10 if sheet.tiny else 60):
            sheet.add(name, "no time left", "skipped")
            continue
        training = {"updates": updates, "batch_size": batch, "checkpoint_seconds": 0}
        alone = _speeds([_run(sheet, f"alone-{name}", model, training, length=length)])
        both = _speeds(
            [_run(sheet, f"both{seed}-{name}", model, training, length=length, seed=seed) for seed in (1, 2)]
        )
        gain = sum(both) / max(sum(alone), 1e-9)
        sheet.add(f"{name}, two at a time", f"{alone[0]:,.0f} tokens/s alone, {gain:.2f} times the work together")


def out_of_memory(sheet: Sheet) -> None:
    """Both ends as out-of-memory: a batch that no card holds, and a card that is full already; a divided batch goes on."""
    if not sheet.cuda:
        sheet.add("out of memory", "a processor has no such end", "skipped")
        return
    _, sequences, length = sheet.shape()
    many = {"updates": 2, "batch_size": 16384, "checkpoint_seconds": 0}
    run = _run(sheet, "too-much", sheet.model_settings(), many, length=length)
    code = _start(run).wait()
    _judge_end(sheet, "a batch that cannot fit", run, code, "out-of-memory")
    room = torch.cuda.mem_get_info()[0] - (300 << 20)
    hog = torch.empty(max(room, 1), dtype=torch.uint8, device=sheet.device.torch)
    run = _run(sheet, "full", sheet.model_settings(), many | {"batch_size": sequences}, length=length)
    code = _start(run).wait()
    del hog
    torch.cuda.empty_cache()
    _judge_end(sheet, "a card that is full already", run, code, "out-of-memory")
    run = _run(
        sheet, "divided", sheet.model_settings(), many | {"batch_size": 2048, "micro_batch": "auto"}, length=length
    )
    code = _start(run).wait()
    _judge_end(sheet, "2,048 sequences, micro_batch = auto", run, code, "finished")


def _judge_end(sheet: Sheet, what: str, run: RunDir, code: int, wanted: str) -> None:
    result: Result | None = run.result()
    status, reason = (result.status, result.reason) if result else ("no result", "")
    sheet.judge(what, f"exit {code}, {status} {reason[:90]}", right=status == wanted)


def _run(
    sheet: Sheet, name: str, model: dict[str, Any], training: dict[str, Any], *, length: int, seed: int = 1
) -> RunDir:
    path = sheet.folder / "runs" / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    data = {"source": "files", "files": [str(_corpus(sheet))], "tokenizer": "bpe:400", "sequence_length": length}
    sections = {"data": data, "training": {"device": sheet.device.torch.type} | training}
    config = settings(model, **sections, evaluation={"every": 10**6, "max_sequences": 8}).model_copy(
        update={"seed": seed}
    )
    write_file(path / "config.json", RunFile(id=name, name=name, created=0.0, config=config))
    return RunDir(path)


def _corpus(sheet: Sheet) -> Path:
    """Documents of made-up words, as one JSON object a line."""
    path = sheet.folder / "corpus.jsonl"
    if not path.exists():
        draw = random.Random(1)
        words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(3000)]
        lines = [
            json.dumps({"text": " ".join(draw.choices(words, k=draw.randint(50, 400)))})
            for _ in range(300 if sheet.tiny else 4000)
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _start(run: RunDir) -> subprocess.Popen[bytes]:
    with (run.path / "log.txt").open("ab") as log:
        environment = {**os.environ, "XDG_CACHE_HOME": str(run.path.parents[1] / "cache")}
        return subprocess.Popen(
            [sys.executable, "-m", "engine", str(run.path)], stdout=log, stderr=log, env=environment
        )


def _records(run: RunDir) -> list[Record]:
    return [record for record in MetricsReader(run.metrics_file).read() if "train_loss" in record]


def _losses(run: RunDir) -> dict[int, float]:
    return {record["update"]: record["train_loss"] for record in _records(run)}


def _kill(run: RunDir) -> int:
    """Kill a run in its course; the update that it had come to."""
    process = _start(run)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if run.metrics_file.exists() and max(_losses(run), default=0) >= KILL_AFTER:
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return max(_losses(run), default=0)


def _apart(one: dict[int, float], other: dict[int, float]) -> float:
    """Largest difference; not a number unless all updates are there."""
    if len(one) != UPDATES or one.keys() != other.keys():
        return math.nan
    return max(abs(one[update] - other[update]) for update in one)


def _speeds(runs: list[RunDir]) -> list[float]:
    """Median tokens per second of the later half of each run, all at one time."""
    for process in [_start(run) for run in runs]:
        process.wait()
    found = []
    for run in runs:
        speeds = [record["tokens_per_second"] for record in _records(run)]
        found.append(median(speeds[len(speeds) // 2 :]) if speeds else 0.0)
    return found
