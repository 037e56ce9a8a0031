"""Laboratories for measuring: many runs in a catalogue, and run directories with long histories, without training anything."""

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import orjson

from engine.runfiles.host import boot_id, hostname
from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Labels, Launch, Result, RunDir, RunFile, Scores
from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.catalogue.records import Scores as NotedScores
from moetui.core.runs.lab import Lab
from moetui.core.runs.new_record import record_of
from moetui.core.workspace import Workspace

EVALUATE_EVERY = 100


def many_runs(folder: Path, count: int) -> Lab:
    """A laboratory whose catalogue holds so many ended runs; their directories are not needed to list them."""
    rng = np.random.default_rng(0)
    rates = np.exp(rng.uniform(np.log(1e-3), np.log(0.3), count)).tolist()
    losses = rng.normal(5.2, 0.4, count).tolist()
    lab = Lab(Workspace(folder))
    lab.catalogue.replace_all(
        RunRecord(
            id=f"r{index:07}",
            name=f"sweep/lr={rates[index]:.4g}/seed={index % 5}",
            preset="base/moe-9m",
            study=f"sweep-{index // 100}",
            group=f"g{index // 5}",
            seed=index % 5,
            status="finished",
            update=1000,
            updates=1000,
            lr=rates[index],
            created=1.7e9 + index,
            started=1.7e9 + index,
            ended=1.7e9 + index + 600,
            device="cuda:0",
            tags=("warmup",) if index % 7 == 0 else (),
            final=NotedScores(
                val_loss=losses[index], val_accuracy=0.2, val_perplexity=180.0, seconds=600.0, update=1000
            ),
            best=NotedScores(val_loss=losses[index], val_accuracy=0.2, val_perplexity=180.0, update=990),
            tokens_per_second=50_000.0,
        )
        for index in range(count)
    )
    return lab


def histories(folder: Path, runs: int, points: int, updates: int, *, ended: bool) -> tuple[Lab, list[RunRecord]]:
    """A laboratory of so many runs that have come to update `points` of `updates`; those that have not ended need a `Living`."""
    lab = Lab(Workspace(folder))
    records = [_run(lab, index, points, updates, ended=ended) for index in range(runs)]
    lab.catalogue.add(records)
    return lab, records


def _run(lab: Lab, index: int, points: int, updates: int, *, ended: bool) -> RunRecord:
    rate = 0.02 + 0.01 * index
    now = time.time()
    config = RunConfig.model_validate({"training": {"updates": updates}, "optimizer": {"lr": rate}})
    entry = RunFile(
        id=f"long{index}", name=f"long/lr={rate:.2f}", preset="long", study="long", created=now, config=config
    )
    run = RunDir(lab.workspace.runs / entry.id)
    run.path.mkdir(parents=True)
    write_file(run.config_file, entry)
    write_file(run.labels_file, Labels(name=entry.name))
    launched = Launch(pid=2**22 + 1, started=now, host=hostname(), boot_id=boot_id(), device="cpu", token="benchmark")
    write_file(run.launch_file, launched)
    with run.metrics_file.open("wb") as file:
        file.writelines(lines(config, index, 1, points))
    record = record_of(entry, Labels(name=entry.name), str(run.path.relative_to(lab.workspace.root)))
    if not ended:
        return record
    scores = Scores(update=points, val_loss=5.2, val_accuracy=0.25, val_perplexity=180.0)
    told = Result(
        status="finished",
        update=points,
        updates=updates,
        seconds=points * 0.3,
        started=now - 60,
        ended=now,
        final=scores,
        best=scores,
    )
    write_file(run.result_file, told)
    noted = NotedScores.model_validate(scores.model_dump())
    return record.model_copy(
        update={"status": "finished", "update": points, "ended": now, "final": noted, "best": noted}
    )


def lines(config: RunConfig, seed: int, first: int, last: int) -> Iterable[bytes]:
    """Lines of a metrics file as the engine writes them, for the updates `first` to `last`."""
    noise = np.random.default_rng((seed, first)).normal(size=last + 1 - first).tolist()
    total, tokens = config.training.updates, config.tokens_per_update
    for update, off in zip(range(first, last + 1), noise, strict=True):
        loss = 5.7 + 2.6 * (1 - update / total) ** 4 - 0.1 * seed
        place = {"update": update, "tokens": update * tokens, "seconds": update * 0.301, "session": 1}
        rate = config.lr_at(update)
        yield orjson.dumps(
            {
                **place,
                "train_loss": loss + 0.1 * off,
                "train_accuracy": 0.3 - loss / 40,
                "grad_norm": 0.5 + 0.1 * off,
                "clipped": False,
                "tokens_per_second": 50_000.0 + 1000 * off,
                "data_wait": 1.2e-5,
                "lr": rate,
                "adamw_lr": rate / 10,
                "peak_memory": 459198464,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        if update % EVALUATE_EVERY == 0:
            scores = {"val_loss": loss, "val_accuracy": 0.3 - loss / 40, "val_perplexity": float(np.exp(loss))}
            load = {"expert_load": [[0.125] * 8] * 6, "router_entropy": 2.05, "eval_seconds": 0.4}
            yield orjson.dumps(place | scores | load, option=orjson.OPT_APPEND_NEWLINE)
