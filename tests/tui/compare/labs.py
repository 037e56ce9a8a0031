"""A workspace with a study of learning rates on disk, its noise between seeds included."""

import math
import random

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import group_of
from moetui.core.runs.lab import Lab
from tests.tui.lab_on_disk import end_run, write_run

LRS = (0.01, 0.03, 0.05, 0.1)


def trained(lab: Lab, lr: float, seed: int, loss: float, *, study: str = "grid", status: str = "finished") -> RunRecord:
    """A run of a study that ended with this training loss; 0.1 is added for the validation loss."""
    queued = write_run(
        lab,
        f"{study[0]}{round(lr * 1e4)}s{seed}",
        name=f"{study}/lr={lr:g}/seed={seed}",
        study=study,
        created=lr + seed * 1e-6,
        settings={"optimizer": {"lr": lr}, "seed": seed},
    )
    group = group_of(lab.run_dir(queued).config().config)
    record = lab.catalogue.change(queued.id, group=group)
    return end_run(lab, record, "diverged" if status == "diverged" else "finished", loss=lambda _: loss)


def grid(lab: Lab, *, seeds: int = 3) -> list[RunRecord]:
    """Four learning rates with some seeds each, the best near 0.045."""
    noise = random.Random(5)
    return [
        trained(lab, lr, seed, 4.5 + 0.25 * math.log(lr / 0.045) ** 2 + noise.gauss(0, 0.005))
        for lr in LRS
        for seed in range(1, seeds + 1)
    ]
