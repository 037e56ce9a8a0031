"""Runs that have been, once more: going on after an interruption, the same from the start, or onward from their weights."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.locks import own_procs_lock
from engine.runfiles.rundir import Parent, Request, RunDir, RunFile
from engine.runfiles.saved import TRAINING_FILE, CheckpointFile, read_saved, saved
from engine.spec.config import ConfigError, RunConfig, resolve
from moetui.core.catalogue.records import PRUNED, RunRecord
from moetui.core.cluster.backend import backend
from moetui.core.cluster.execution import LOCAL, Execution
from moetui.core.cluster.jobs import job_file
from moetui.core.errors import LabError, UsageError
from moetui.core.machine.starts import let_wait
from moetui.core.planning.plan import PlannedRun, Start, check_keys, flat_config, short_key
from moetui.core.planning.settings import merge, nest
from moetui.core.queue.enqueue import check_config, enqueue
from moetui.core.runs.journal import operation, write_labels
from moetui.core.runs.lab import Lab

RESUMABLE = frozenset({"paused", "stopped", "killed", "failed", "lost", "out-of-memory"})

# Keys of the model that weights can be trained on with other values of.
_FREE = frozenset(
    f"model.{key}"
    for key in (
        "dropout",
        "residual_dropout",
        "router_noise",
        "balance_weight",
        "balance_rate",
        "z_weight",
        "init_std",
    )
)


def resume(lab: Lab, record: RunRecord, change: Callable[[Execution], Execution] = lambda before: before) -> RunRecord:
    """Queue a run that was interrupted; it goes on from its newest checkpoint. `change` tells how it is executed from now on.

    Raises `LabError` if there is nothing to resume and `UsageError` if it cannot be trained on so many devices.
    """
    run = lab.run_dir(record)
    if record.deleted is not None:
        raise LabError(f"{record.id} is in the trash; restore it first")
    if not run.path.is_dir():
        raise LabError(f"{record.id}: {run.path} is gone, and with it what there was to go on from")
    now = lab.see(record)
    if now.status not in RESUMABLE:
        raise LabError(_why_not(now))
    entry = entry_of(run)
    execution = change(Execution.of(entry))
    wanted = entry.model_copy(update={"devices": execution.devices, "backend": execution.backend})
    executed_by = backend(execution.backend, lab.workspace)
    check_config(entry.config, execution)
    job_file(run).unlink(missing_ok=True)
    try:
        lock = own_procs_lock(run.procs_lock)  # no launcher can start it while we hold this
    except BlockingIOError:
        raise LabError(f"{record.id}: a process of the run lives still; try again in a moment") from None
    try:
        if now.status == "paused":  # it counted as waiting until here; if this fails, it goes back to what is noted
            lab.note_ends([now])
        with operation(lab, "resume", [record.id]):
            _set_aside(run)
            queued = _queue_again(lab, now, run, wanted)
            if wanted.backend != LOCAL:
                try:
                    executed_by.submit([run], execution)
                except LabError:
                    write_file(run.config_file, entry, durable=True)
                    raise
            queued = _note_queued(lab, queued)
    finally:
        os.close(lock)
    if wanted.backend == LOCAL:
        executed_by.submit([run], execution)
    return queued


def _set_aside(run: RunDir) -> None:
    """Let files that cannot be read be `NAME.damaged`: what they told is lost, and they would be in the way of the next start."""
    for read, path in (
        (run.launch, run.launch_file),
        (run.state, run.state_file),
        (run.request, run.request_file),
        (run.result, run.result_file),
        (run.wait, run.queue_file),
    ):
        try:
            read()
        except DamagedFile:
            path.replace(path.with_name(f"{path.name}.damaged"))


def _queue_again(lab: Lab, record: RunRecord, run: RunDir, wanted: RunFile) -> RunRecord:
    tags = record.tags
    if record.pruned:  # whoever lets it go on wants it whole: it is not pruned a second time
        tags = tuple(tag for tag in tags if tag != PRUNED)
        wanted = wanted.model_copy(update={"prunable": False, "race": ""})
    if wanted != entry_of(run):
        write_file(run.config_file, wanted, durable=True)
    launch = run.launch()
    let_wait(run, held=False)
    token = launch.token if launch is not None else ""
    before = run.request()  # what was said to the process that has ended holds again if this comes to nothing
    stopped = before is not None and before.stop and before.token == token
    paused = stopped and before is not None and before.pause
    request = Request(resume=True, stop=stopped, pause=paused, asked=time.time(), token=token)
    write_file(run.request_file, request, durable=True)
    fields = {"status": "queued", "reason": "", "ended": None, "tags": tags, "backend": wanted.backend}
    return record.model_copy(update=fields)


def _note_queued(lab: Lab, record: RunRecord) -> RunRecord:
    fields = {key: getattr(record, key) for key in ("status", "reason", "ended", "tags", "backend")}
    queued = lab.catalogue.update(record.id, lambda old: old.model_copy(update=fields))
    write_labels(lab, queued)
    return queued


def rerun(lab: Lab, record: RunRecord) -> RunRecord:
    """Queue a new run of the same configuration, which begins with the same weights if the old one was a fork."""
    run = lab.run_dir(record)
    entry = entry_of(run)
    start = None
    if entry.parent is not None:
        start = Start(entry.parent, run.checkpoints / "start")
        _about(record, start.directory)
    return enqueue(lab, [replace(_as_planned(entry, record.name), start=start)], Execution.of(entry))[0]


def fork(
    lab: Lab, record: RunRecord, settings: Mapping[str, Any], checkpoint: str = "best", *, whole: bool = False
) -> RunRecord:
    """Queue a new run that begins with the weights of a checkpoint of another, with settings over its configuration.

    `checkpoint` is `best`, `last` or the number of an update whose checkpoint is kept. If `whole`, optimizer and progress
    come along, and the run goes on after the checkpoint's update.
    Raises `LabError` if there is no such checkpoint and `UsageError` if it does not fit the settings.
    """
    check_keys("--set", settings)
    run = lab.run_dir(record)
    entry = entry_of(run)
    start = start_at(record, run, checkpoint, whole=whole)
    try:
        config = resolve(nest(merge(flat_config(entry.config), settings)))
    except ConfigError as error:
        raise UsageError(str(error)) from None
    if keys := _unfit(entry.config, config):
        raise UsageError(f"the weights of {record.id} do not fit another {', '.join(keys)}; leave that as it was")
    if whole:
        _check_whole(record, start, entry.config, config)
    parts = [f"{short_key(key)}={value}" for key, value in settings.items()]
    planned = _as_planned(entry, "/".join([record.name, "fork", *parts]))
    point = {**entry.point, **{key: value for key, value in settings.items() if key != "seed"}}
    return enqueue(lab, [replace(planned, config=config, point=point, start=start)], Execution.of(entry))[0]


def entry_of(run: RunDir) -> RunFile:
    """The config.json of a run. Raises `LabError` if there is none that can be read."""
    try:
        return run.config()
    except DamagedFile as error:
        raise LabError(str(error)) from None
    except FileNotFoundError as error:
        raise LabError(f"{error.filename}: {error.strerror}") from None


def _as_planned(entry: RunFile, name: str) -> PlannedRun:
    return PlannedRun(name=name, preset=entry.preset, study=entry.study, point=entry.point, config=entry.config)


def start_at(record: RunRecord, run: RunDir, checkpoint: str, *, whole: bool) -> Start:
    """The checkpoint of this name, or of this update, as what another run begins with. Raises `LabError` if there is none."""
    if checkpoint in ("best", "last"):
        # Resolved, since the link of a live run may lead elsewhere a moment later.
        kind, directory = checkpoint, (run.checkpoints / checkpoint).resolve()
    else:
        found = [
            one for one in (*saved(run, "kept"), *saved(run, "last")) if str(one.about.progress.update) == checkpoint
        ]
        if not found:
            raise LabError(f"{record.id} has no checkpoint of update {checkpoint}; it has {whole_updates(run)}")
        kind, directory = "kept", found[0].path
    about = _about(record, directory)
    if whole and TRAINING_FILE not in about.files:
        raise UsageError(
            f"checkpoint {kind} of {record.id} holds weights alone; whole ones: update {whole_updates(run)}"
        )
    return Start(Parent(id=record.id, checkpoint=kind, update=about.progress.update, whole=whole), directory)


def whole_updates(run: RunDir) -> str:
    """The updates of whose checkpoints the whole is there, in words."""
    updates = sorted({one.about.progress.update for one in (*saved(run, "kept"), *saved(run, "last"))})
    return ", ".join(map(str, updates)) if updates else "none (training.keep_at keeps some)"


def _check_whole(record: RunRecord, start: Start, before: RunConfig, after: RunConfig) -> None:
    """Refuse settings under which the state of the optimizer, or the update reached, makes no sense."""
    for key in ("kind", "muon_targets"):
        if getattr(before.optimizer, key) != getattr(after.optimizer, key):
            raise UsageError(
                f"the optimizer's state of {record.id} does not fit another optimizer.{key}; leave that as it was"
            )
    if after.training.updates <= start.parent.update:
        raise UsageError(
            f"the checkpoint is of update {start.parent.update}, so training.updates = {after.training.updates} "
            "leaves nothing to train"
        )


def _about(record: RunRecord, directory: Path) -> CheckpointFile:
    try:
        return read_saved(directory).about
    except (FileNotFoundError, DamagedFile):
        raise LabError(f"{record.id} has no whole checkpoint {directory.name!r} to continue from") from None


def _unfit(before: RunConfig, after: RunConfig) -> list[str]:
    """The keys in whose new values weights make no sense: another architecture, or other tokens."""
    old, new = flat_config(before), flat_config(after)
    differing = [key for key in new if old[key] != new[key]]
    # A tokenizer trained on the documents changes with them.
    tokens = ("data.",) if before.data.tokenizer.startswith("bpe:") else ("data.tokenizer",)
    return [
        key
        for key in differing
        if (key.startswith("model.") and key not in _FREE) or (key.startswith(tokens) and key != "data.sequence_length")
    ]


def _why_not(record: RunRecord) -> str:
    if record.status == "finished":
        return f"{record.id} has finished; `moetui rerun` trains it anew, `moetui fork` goes on from its weights"
    if record.status == "diverged":
        return (
            f"{record.id} has diverged and would again; `moetui fork` goes on from its best weights with other settings"
        )
    return f"{record.id} is {record.status} already"
