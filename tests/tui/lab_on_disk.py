"""Runs written to disk as the laboratory and the engine would have written them, without training anything."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from engine.runfiles.host import boot_id, hostname
from engine.runfiles.jsonfile import write_file
from engine.runfiles.metrics import MetricsWriter
from engine.runfiles.rundir import EndStatus, Labels, Launch, Result, RunDir, RunFile, Scores, State
from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.machine.devices import Device
from moetui.core.machine.launcher import launch
from moetui.core.machine.starts import let_wait
from moetui.core.planning.plan import PlannedRun
from moetui.core.runs.current import current
from moetui.core.runs.lab import Lab
from moetui.core.runs.new_record import record_of

Curve = Callable[[int], float]
EVALUATE_EVERY = 10


def write_run(
    lab: Lab,
    run_id: str,
    *,
    name: str = "",
    study: str = "",
    created: float = 1.0,
    updates: int = 100,
    settings: Mapping[str, Any] | None = None,
    prunable: bool = False,
    retries: int = 0,
    race: str = "",
) -> RunRecord:
    """A queued run: its directory and its record."""
    entry = RunFile(
        id=run_id,
        name=name or run_id,
        preset=study or "some/preset",
        study=study,
        created=created,
        prunable=prunable,
        retries=retries,
        race=race,
        config=RunConfig.model_validate({"training": {"updates": updates}, **(settings or {})}),
    )
    return _write(lab, entry)


def write_planned(lab: Lab, run_id: str, planned: PlannedRun, *, created: float = 1.0) -> RunRecord:
    """A planned run as it is queued: its directory and its record."""
    entry = RunFile(
        id=run_id,
        name=planned.name,
        preset=planned.preset,
        study=planned.study,
        group=planned.group,
        point=dict(planned.point),
        created=created,
        provenance={"host": "gpu-box"},
        config=planned.config,
    )
    return _write(lab, entry)


def _write(lab: Lab, entry: RunFile) -> RunRecord:
    labels = Labels(name=entry.name)
    run = RunDir(lab.workspace.runs / entry.id)
    run.path.mkdir(parents=True)
    write_file(run.config_file, entry)
    write_file(run.labels_file, labels)
    let_wait(run)
    record = record_of(entry, labels, str(run.path.relative_to(lab.workspace.root)))
    lab.catalogue.add([record])
    return record


def write_metrics(run: RunDir, upto: int, *, loss: Curve = lambda update: 8.0 / update**0.1) -> None:
    """Measurements of the updates 1 to `upto`, with an evaluation at every tenth."""
    config = run.config().config
    with MetricsWriter(run.metrics_file) as metrics:
        for update in range(1, upto + 1):
            record = {
                "update": update,
                "tokens": update * config.tokens_per_update,
                "seconds": update * 0.5,
                "session": 1,
                "train_loss": loss(update),
                "train_accuracy": 0.1,
                "lr": config.lr_at(update),
                "tokens_per_second": 5000.0,
            }
            if update % EVALUATE_EVERY == 0:
                record |= {"val_loss": loss(update) + 0.1, "val_accuracy": 0.09}
            metrics.write(record)


def end_run(
    lab: Lab,
    record: RunRecord,
    status: EndStatus = "finished",
    *,
    update: int | None = None,
    reason: str = "",
    ended: float | None = None,
    log: str = "",
    loss: Curve = lambda update: 8.0 / update**0.1,
) -> RunRecord:
    """Let a queued run have run and ended, in this way and at this moment."""
    run = lab.run_dir(record)
    done = record.updates if update is None else update
    ended = time.time() if ended is None else ended
    write_file(run.launch_file, launch_entry(ended - 60.0))
    run.log_file.write_text(log)
    write_metrics(run, done, loss=loss)
    scores = Scores(update=done, val_loss=loss(max(done, 1)) + 0.1, val_accuracy=0.09, val_perplexity=1000.0)
    result = Result(
        status=status,
        reason=reason,
        update=done,
        updates=record.updates,
        tokens=done * (record.tokens_per_update or 0),
        seconds=50.0,
        started=ended - 60.0,
        ended=ended,
        final=scores,
        best=scores,
    )
    write_file(run.result_file, result)
    return _noted(lab, record)


def die(lab: Lab, record: RunRecord, *, update: int) -> RunRecord:
    """Let a queued run have been killed by somebody at an update."""
    run = lab.run_dir(record)
    now = time.time()
    write_file(run.launch_file, launch_entry(now - 60.0))
    write_metrics(run, update)
    state = State(
        phase="running",
        update=update,
        updates=record.updates,
        heartbeat=now,
        started=now - 60.0,
        pid=2**22 + 1,
        host=hostname(),
        boot_id=boot_id(),
    )
    write_file(run.state_file, state)
    return _noted(lab, record)


def start(lab: Lab, record: RunRecord) -> int:
    """Start the (fake) engine for a queued run and return its pid."""
    run = lab.run_dir(record)
    return launch(run, Device("cpu", "CPU"), lab.workspace).pid


def launch_entry(started: float) -> Launch:
    """What a launcher of this host, since its last boot, would have noted of a process that is gone."""
    return Launch(pid=2**22 + 1, started=started, host=hostname(), boot_id=boot_id(), device="cpu", token="gone")


def _noted(lab: Lab, record: RunRecord) -> RunRecord:
    fresh, _ = current(record, lab.run_dir(record))
    lab.note_ends([fresh])
    return fresh
