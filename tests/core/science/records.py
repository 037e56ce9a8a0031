"""Records as the laboratory would have them, made of what a test is about."""

import itertools
from collections.abc import Iterable
from typing import Any

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.science.groups import Group, Sample

_numbers = itertools.count(1)


def record(loss: float | None, *, setting: str = "a", seed: int | None = 1, **fields: Any) -> RunRecord:
    """An ended run of a setting; its group is the setting's name."""
    number = next(_numbers)
    final = Scores(val_loss=loss, update=fields.get("updates", 100), seconds=10.0)
    defaults: dict[str, Any] = {
        "id": f"r{number:05}",
        "name": f"{setting}/seed={seed}",
        "group": setting,
        "status": "finished",
        "updates": 100,
        "created": float(number),
        "final": final,
        "best": final,
        "device": "cpu",
        "tokens_per_update": 2048,
        "data_fingerprint": "d1",
    }
    return RunRecord(seed=seed, **(defaults | fields))


def seeds(losses: Iterable[float | None], *, setting: str = "a", first: int = 1, **fields: Any) -> list[RunRecord]:
    """Runs of one setting with consecutive seeds."""
    return [record(loss, setting=setting, seed=seed, **fields) for seed, loss in enumerate(losses, start=first)]


def group(losses: Iterable[float], *, setting: str = "a", first: int = 1, paired: bool = True) -> Group:
    """A group of finished runs with consecutive seeds, or without seeds if it is not to be paired."""
    runs = [
        record(loss, setting=setting, seed=seed if paired else None) for seed, loss in enumerate(losses, start=first)
    ]
    return Group(setting, setting, tuple(Sample(run, run.final.val_loss if run.final else None) for run in runs))


EXP8 = {
    "baseline": (5.1649, 5.1413, 0.2503),
    "early-stopping": (5.1588, 5.1398, 0.2507),
    "lower-lb-weight": (5.1478, 5.1310, 0.2527),
    "no-lb": (5.1482, 5.1332, 0.2522),
    "short-run": (5.1563, 5.1436, 0.2519),
    "constant-lr": (5.1641, 5.1187, 0.2552),
    "higher-dropout": (5.1865, 5.1865, 0.2464),
    "linear-decay": (5.1736, 5.1654, 0.2491),
    "slower-min-lr": (5.1512, 5.1325, 0.2511),
}
"""The nine published results: final and best validation loss, final accuracy; the first five are one configuration."""


def exp8() -> list[RunRecord]:
    """The nine published exp8 results as published records, the five accidental replicates in one group."""
    replicates = list(EXP8)[:5]
    return [
        record(
            None,
            seed=None,
            name=f"published/exp8/{name}",
            group="published/exp8/baseline" if name in replicates else f"published/exp8/{name}",
            status="published",
            published=True,
            preset=f"exp8/{name}",
            study="exp8/all",
            source="004_3aaaa676306943a3.txt",
            device="",
            data_fingerprint="",
            lr=0.01,
            updates=1000,
            tokens_per_update=49152,
            final=Scores(val_loss=final, val_accuracy=accuracy, update=1000, seconds=230.0),
            best=Scores(val_loss=best),
        )
        for name, (final, best, accuracy) in EXP8.items()
    ]
