"""Workspaces of thousands of ended runs in one study, in shapes that stress different parts of the statistics."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Labels, Result, RunFile, Scores
from moetui.core.catalogue.records import RunRecord
from moetui.core.catalogue.records import Scores as NotedScores
from moetui.core.planning.plan import Selection, group_of, plan
from moetui.core.planning.presets import Library
from moetui.core.runs.lab import Lab
from moetui.core.runs.new_record import record_of
from moetui.core.workspace import Workspace

STUDY = "sweep"
PRESET = "base/moe-tiny"
BEST = 0.03
NOISE, OF_SEEDS = 0.02, 0.03
"""Standard deviations in nats: of a run, and of what a seed does to all settings."""
STARTED = 1.7e9
SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How many runs there are of what: `rates` learning rates × `warmups` × `seeds`.

    `directories`: every run has one. `settings`: the records tell the configuration; else the preset and the grid point do.
    """

    name: str
    rates: int
    warmups: int = 1
    seeds: int = 1
    directories: bool = False
    settings: bool = True
    published: bool = False


SHAPES = (
    Shape(name="10 rates × 1,000 seeds", rates=10, seeds=1000),
    Shape(name="10 × 1,000, with run directories", rates=10, seeds=1000, directories=True),
    Shape(name="10 rates × 10 warm-ups × 100 seeds", rates=10, warmups=10, seeds=100),
    Shape(name="101 rates × 33 warm-ups × 3 seeds", rates=101, warmups=33, seeds=3),
    Shape(name="101 × 33 × 3, with run directories", rates=101, warmups=33, seeds=3, directories=True),
    Shape(name="101 × 33 × 3, known by preset and grid point", rates=101, warmups=33, seeds=3, settings=False),
    Shape(name="3,333 rates × 3 seeds", rates=3333, seeds=3),
    Shape(name="10,000 rates, one run each", rates=10_000),
    Shape(name="10,000 rates, with run directories", rates=10_000, directories=True),
    Shape(name="10,000 published results", rates=10_000, published=True),
)


def study(folder: Path, shape: Shape) -> Lab:
    """A laboratory with the runs of a shape."""
    lab = Lab(Workspace(folder))
    lab.catalogue.replace_all(_records(lab, shape))
    return lab


def _records(lab: Lab, shape: Shape) -> Iterator[RunRecord]:
    rng = np.random.default_rng(0)
    of_seed = rng.normal(0, OF_SEEDS, shape.seeds).tolist()
    base = plan(Library.load(), Selection(presets=(PRESET,)))[0].config
    rates = np.geomspace(BEST / 10, 10 * BEST, shape.rates).tolist()
    warmups = [round(share, 4) for share in np.linspace(0, 0.5, shape.warmups).tolist()]
    index = 0
    for rate, warmup in itertools.product(rates, warmups):
        config = base.model_copy(
            update={
                "optimizer": base.optimizer.model_copy(update={"lr": rate}),
                "schedule": base.schedule.model_copy(update={"warmup": warmup}),
            }
        )
        group = group_of(config)
        point: dict[str, Any] = {"optimizer.lr": rate} | ({"schedule.warmup": warmup} if shape.warmups > 1 else {})
        expected = 5 + 0.1 * math.log(rate / BEST) ** 2 + 0.2 * warmup
        for seed, noise in enumerate(rng.normal(0, NOISE, shape.seeds).tolist(), 1):
            index += 1
            entry = RunFile(
                id=f"r{index:05}",
                name=f"{PRESET}/lr={rate:.6g}" + f"/warmup={warmup:g}" * (shape.warmups > 1) + f"/seed={seed}",
                preset=PRESET,
                study=STUDY,
                group=group,
                point=point,
                created=STARTED + index * 1e-3,
                config=config.model_copy(update={"seed": seed}),
            )
            yield _record(lab, shape, entry, expected + of_seed[seed - 1] + noise)


def _record(lab: Lab, shape: Shape, entry: RunFile, loss: float) -> RunRecord:
    updates = entry.config.training.updates
    ended = entry.created + 3600
    scores = Scores(update=updates, val_loss=loss, val_accuracy=0.2, val_perplexity=math.exp(loss), seconds=SECONDS)
    result = Result(
        status="finished",
        update=updates,
        updates=updates,
        tokens=updates * entry.config.tokens_per_update,
        seconds=SECONDS,
        started=entry.created,
        ended=ended,
        device="cuda:0",
        device_name="NVIDIA H200",
        peak_memory=2**30,
        final=scores,
        best=scores,
    )
    labels = Labels(name=entry.name)
    path = ""
    if shape.directories:
        folder = lab.workspace.runs / entry.id
        folder.mkdir(parents=True)
        write_file(folder / "config.json", entry)
        write_file(folder / "labels.json", labels)
        write_file(folder / "result.json", result)
        path = str(folder.relative_to(lab.workspace.root))
    noted = NotedScores.model_validate(scores.model_dump())
    facts: dict[str, Any] = {
        "status": "finished",
        "update": updates,
        "started": entry.created,
        "ended": ended,
        "device": "cuda:0",
        "final": noted,
        "best": noted,
        "tokens_per_second": 50_000.0,
    }
    if shape.published:
        facts |= {"status": "published", "published": True, "seed": None, "source": "a document", "started": None}
    if not shape.settings:
        facts["settings"] = None
    return record_of(entry, labels, path).model_copy(update=facts)
