"""Cooldown branches: one run at a constant rate, and from its kept checkpoints the ends of many horizons.

A branch carries weights, optimizer, progress and the number of the update. If the learning rates up to there are its
own too, it is the run from the start with its horizon; that is checked update by update before anything is queued.
"""

from collections.abc import Sequence
from dataclasses import replace

from engine.runfiles.rundir import RunDir
from engine.runfiles.saved import saved
from engine.spec.config import ConfigError, RunConfig, resolve
from engine.spec.schedules import warmup_updates
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.execution import Execution
from moetui.core.errors import LabError, UsageError
from moetui.core.planning.plan import PlannedRun, Start, flat_config
from moetui.core.planning.settings import merge, nest
from moetui.core.queue.enqueue import enqueue
from moetui.core.queue.resuming import entry_of, start_at, whole_updates
from moetui.core.runs.lab import Lab


def branches(lab: Lab, trunk: RunRecord, at: Sequence[float], length: float | None = None) -> list[RunRecord]:
    """Queue a branch for each length in `at`: a share of the trunk's updates up to 1, else a number of updates.

    `length` is the share of a branch in which its rate decays; None takes the trunk's `schedule.decay`.
    Raises `UsageError` for a length that the trunk cannot have and `LabError` if no checkpoint was kept where it is needed.
    """
    run = lab.run_dir(trunk)
    entry = entry_of(run)
    planned = []
    for wanted in at:
        updates = round(wanted * entry.config.training.updates) if wanted <= 1 else round(wanted)
        if not 1 <= updates <= entry.config.training.updates:
            raise UsageError(
                f"--at {wanted:g}: {trunk.id} has {entry.config.training.updates} updates; name a share of them"
            )
        config = branched(entry.config, updates, length)
        start = _start(trunk, run, entry.config, config)
        point = entry.point | {"training.updates": updates, "schedule.decay": config.schedule.decay}
        name = f"{trunk.name}/cooldown={updates}"
        planned.append(
            PlannedRun(name=name, preset=entry.preset, study=entry.study, point=point, config=config, start=start)
        )
    return enqueue(lab, planned, Execution.of(entry))


def parse_lengths(text: str) -> list[float]:
    """The numbers of `0.25,0.5,0.75`. Raises `UsageError`."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--at {text[:80]}: write numbers with commas between them, such as 0.25,0.5,0.75") from None


def branched(trunk: RunConfig, updates: int, length: float | None) -> RunConfig:
    """The configuration of a branch. A warm-up that is a share of the trunk stays as many updates as it was there."""
    settings = {
        "training.updates": updates,
        "training.keep_at": [],
        "schedule.kind": "wsd",
        "schedule.horizon": None,
        "schedule.warmup_updates": warmup_updates(trunk.schedule, trunk.training.updates),
        "schedule.decay": trunk.schedule.decay if length is None else length,
    }
    try:
        return resolve(nest(merge(flat_config(trunk), settings)))
    except ConfigError as error:
        raise UsageError(f"a branch of {updates} updates: {error}") from None


def shared_updates(trunk: RunConfig, branch: RunConfig) -> int:
    """Updates from the first on that both train at the same rate, which is not that of a plateau."""
    if trunk.schedule.kind == "plateau":
        return 0
    for update in range(1, branch.training.updates + 1):
        if trunk.lr_at(update) != branch.lr_at(update):
            return update - 1
    return branch.training.updates


def _start(record: RunRecord, run: RunDir, trunk: RunConfig, branch: RunConfig) -> Start:
    """The latest checkpoint up to which the branch and the trunk are one run."""
    shared = min(shared_updates(trunk, branch), branch.training.updates - 1)
    kept = [one.about.progress.update for one in (*saved(run, "kept"), *saved(run, "last"))]
    able = [update for update in kept if 1 <= update <= shared]
    if not able:
        raise LabError(
            f"{record.id}: a branch of {branch.training.updates} updates shares the first {shared} with it, and of these no "
            f"checkpoint is kept (there are: {whole_updates(run)}); "
            + (
                f"train it with training.keep_at = [{shared}]"
                if shared > warmup_updates(trunk.schedule, trunk.training.updates) + 1
                else "its rate is not that of a warm-up and a constant: schedule.kind = wsd or constant"
            )
        )
    start = start_at(record, run, str(max(able)), whole=True)
    return replace(start, parent=start.parent.model_copy(update={"branch": True}))
