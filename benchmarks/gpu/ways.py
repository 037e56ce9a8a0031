"""The ways to compute a micro-batch (`training.compile`): whether they learn the same, and how fast each is."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.gpu.sheet import SMALL, Sheet, settings
from benchmarks.paired import middle, take_turns
from engine.data.batches import Sequences
from engine.data.token_file import TokenFile
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import RunConfig
from engine.training.update import Updater

WAYS = {"off": 5e-3, "regions": 3e-2, "graph": 5e-3}
"""Each with the largest distance of a training loss over the updates from the plain way's, in nats: sums by atomic additions differ
from run to run, and compiled code rounds elsewhere, so that in bfloat16 a token may change its expert."""
UPDATES = 20
ROUNDS = 8
CHANCE = {"dropout": 0.1, "residual_dropout": 0.1, "router_noise": 0.1}


def compiled(sheet: Sheet) -> None:
    """Losses of 20 updates with noise by each way, a second time by the plain one; then the speed of whole updates."""
    plain = _losses(_updater(sheet, "off", SMALL | CHANCE, (2, 8, 64)))
    for way, limit in WAYS.items():
        updater = _updater(sheet, way, SMALL | CHANCE, (2, 8, 64))
        losses = _losses(updater)
        used, most = updater.passes.used, max(abs(a - b) for a, b in zip(plain, losses, strict=True))
        found = f"losses at most {most:.1e} from those of the plain way; used: {used or 'off'}"
        expected = way if way != "off" else ""
        if used == expected or sheet.cuda:
            sheet.judge(f"{way}, {UPDATES} updates", found, right=most <= limit and used == expected)
        else:
            sheet.add(f"{way}, {UPDATES} updates", found, "skipped")
    _speeds(sheet)


def _speeds(sheet: Sheet) -> None:
    """Whole updates of the model that speed is measured with; the plain way, before and after each other, is the control."""
    model, shape = sheet.model_settings() | CHANCE, sheet.shape()
    rounds = 2 if sheet.tiny else ROUNDS
    plain = _timed(sheet, _updater(sheet, "off", model, shape))
    for way in ("regions", "graph"):
        if sheet.left < (5 if sheet.tiny else 40):
            sheet.add(f"{way}, speed", "no time left", "skipped")
            continue
        updater = _updater(sheet, way, model, shape)
        start = time.monotonic()
        work = _timed(sheet, updater)
        work()
        prepared = time.monotonic() - start
        if updater.passes.used != way:
            sheet.add(f"{way}, speed", updater.passes.used, "look" if sheet.cuda else "skipped")
            continue
        turns = take_turns({way: lambda work=work: {"update": work()}}, plain, rounds)  # type: ignore[misc]
        gain = middle([1.0 / ratio for ratio in turns.relative[way]["update"]])
        seconds = median(turns.seconds[way]["update"])
        speed = shape[0] * shape[1] * shape[2] / seconds
        sheet.add(f"{way}, speed", f"{speed:,.0f} tokens/s, {gain} times as fast as off; first update {prepared:.0f} s")


def _timed(sheet: Sheet, updater: Updater) -> Callable[[], float]:
    """Carries out the next update; its seconds."""
    number = [0]

    def work() -> float:
        number[0] += 1
        sheet.device.synchronize()
        start = time.perf_counter()
        updater.run(number[0], 0.02)
        sheet.device.synchronize()
        return time.perf_counter() - start

    return work


def _losses(updater: Updater) -> list[float]:
    return [float(updater.run(update, 0.02).loss) for update in range(1, UPDATES + 1)]


def _updater(sheet: Sheet, way: str, model: dict[str, Any], shape: tuple[int, int, int]) -> Updater:
    accumulation, batch, length = shape
    training = {"accumulation": accumulation, "batch_size": batch, "compile": way}
    config = settings(model, data={"sequence_length": length}, training=training)
    torch.manual_seed(1)
    made = Transformer(config.model, sheet.device.compute, 0)
    made.initialize()
    made.to(sheet.device.torch)
    optimizer = Optimizer(made, config.optimizer, sheet.device.compute)
    return Updater(config, made, optimizer, _sequences(sheet.folder, config, sheet.device.torch))


def _sequences(folder: Path, config: RunConfig, device: torch.device) -> Sequences:
    length, vocabulary = config.data.sequence_length, config.model.vocab_size
    file = folder / f"ways-{vocabulary}-{length}.bin"
    if not file.exists():
        np.random.default_rng(5).integers(0, vocabulary, (256, length)).astype("<u4").tofile(file)
    return Sequences(TokenFile(file, "<u4"), length, device)
