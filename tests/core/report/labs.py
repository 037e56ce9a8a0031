"""Studies on disk that reports are written of."""

import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.runfiles.rundir import EndStatus
from moetui.core.planning.plan import group_of
from moetui.core.planning.presets import Library
from moetui.core.report.subject import Subject, gather_subject
from moetui.core.runs.lab import Lab
from moetui.core.runs.published import published_records
from tests.tui.lab_on_disk import end_run, write_run

LRS = (0.01, 0.03, 0.1, 0.3)
GUIDE = "lr-guide@tiny"
SCHEDULES = "schedule/all@tiny"
DIVERGES = 0.3
SHIPPED = Path(__file__).parents[3] / "runs.json"


def trained(
    lab: Lab,
    study: str,
    setting: str,
    seed: int,
    settings: Mapping[str, Any],
    loss: Callable[[int], float],
    *,
    status: EndStatus = "finished",
) -> str:
    """An ended run; its id. 0.1 is added to the loss for the validation loss, which is measured at every tenth update."""
    run_id = f"r{len(lab.records()):03}s{seed}"
    queued = write_run(lab, run_id, name=f"{setting}/seed={seed}", study=study, settings={"seed": seed, **settings})
    group = group_of(lab.run_dir(queued).config().config)
    preset = setting.partition("/lr=")[0]
    noted = lab.catalogue.change(run_id, group=group, preset=preset)
    diverged = status == "diverged"
    end_run(
        lab, noted, status, loss=loss, ended=1e9, update=30 if diverged else None, reason="too high" if diverged else ""
    )
    return run_id


def add_published(lab: Lab) -> None:
    """The results of the documents."""
    lab.catalogue.add(published_records(Library.load()))


def add_guide(lab: Lab, seeds: int = 3) -> None:
    """A study of four learning rates, at the highest of which every run but the last diverges."""
    noise = random.Random(7)
    for lr in LRS:
        for seed in range(1, seeds + 1):
            level = 5.4 + 0.1 * math.log(lr / 0.04) ** 2 + noise.gauss(0, 0.01)
            status: EndStatus = "diverged" if lr == DIVERGES and seed < seeds else "finished"
            trained(
                lab,
                GUIDE,
                f"{GUIDE}/lr={lr}",
                seed,
                {"optimizer": {"lr": lr}},
                lambda update, level=level: level + 4 / update**0.8,  # type: ignore[misc]
                status=status,
            )


def add_schedules(lab: Lab) -> None:
    """Two schedules with two seeds each; the validation loss rises after update 70 of 100 in every run."""
    for name, warmup, level in (("baseline", 0.05, 7.1), ("no-warmup", 0.0, 7.2)):
        for seed in (1, 2):
            start = level + 0.01 * seed
            trained(
                lab,
                SCHEDULES,
                f"schedule/{name}@tiny",
                seed,
                {"optimizer": {"lr": 0.065}, "schedule": {"warmup": warmup}},
                lambda update, start=start: start + 0.01 * abs(update - 70),  # type: ignore[misc]
            )


def shipped(lab: Lab, word: str) -> Subject:
    """A study of the repository's own records, which have no directories and so no curves."""
    lab.workspace.runs_json.write_bytes(SHIPPED.read_bytes())
    return gather_subject(lab, word)


def guide(lab: Lab, seeds: int = 3) -> Subject:
    """The study of learning rates beside the published results."""
    add_published(lab)
    add_guide(lab, seeds)
    return gather_subject(lab, GUIDE)
