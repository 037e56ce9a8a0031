"""Turns planned runs into run directories and queues them."""

import os
import secrets
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.runfiles.durable import sync_directory, sync_files
from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Labels, RunDir, RunFile
from engine.runfiles.saved import MODEL_FILE, TRAINING_FILE, read_saved
from engine.spec.config import RunConfig
from engine.spec.devices import too_many_devices
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.backend import backend
from moetui.core.cluster.execution import HERE, LOCAL, Execution
from moetui.core.errors import LabError, UsageError
from moetui.core.machine.devices import gpus, wants_gpu
from moetui.core.machine.starts import let_wait
from moetui.core.planning.plan import PlannedRun, Start
from moetui.core.planning.provenance import provenance
from moetui.core.preferences import read_settings
from moetui.core.runs.journal import operation
from moetui.core.runs.lab import Lab
from moetui.core.runs.new_record import record_of

_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"  # none that are mistaken for another


def enqueue(
    lab: Lab,
    planned: Sequence[PlannedRun],
    execution: Execution = HERE,
    *,
    facts: Mapping[str, Any] | None = None,
) -> list[RunRecord]:
    """Write a directory and a record for each planned run and give them to what executes them. `facts` join the provenance of each.

    Raises `UsageError` if a run cannot run here, `LabError` if the workspace cannot be written.
    """
    executed_by = backend(execution.backend, lab.workspace)
    local = execution.backend == LOCAL
    if local and any(run.config.training.device == "cuda" for run in planned) and not gpus():
        raise UsageError("training.device: this machine has no GPU that NVIDIA's driver shows; use cpu or auto")
    check_devices(planned, execution)
    if execution.retries is None:
        execution = replace(execution, retries=read_settings(lab.workspace).preferences.retries)
    origin = provenance() | dict(facts or {})
    now = time.time()
    ids = [new_id() for _ in planned]
    try:
        lab.workspace.runs.mkdir(exist_ok=True)
        lab.found_catalogue()
        with operation(lab, "enqueue", ids):
            records = [
                # A little later each, so that the queue keeps the plan's order
                _write(lab, run_id, run, origin, created=now + order * 1e-3, execution=execution)
                for order, (run_id, run) in enumerate(zip(ids, planned, strict=True))
            ]
            # The commit point is the catalogue: what it names is safe before it is written.
            _sync([lab.workspace.runs / run_id for run_id in ids])
            sync_directory(lab.workspace.runs)
            if not local:
                executed_by.submit([lab.run_dir(record) for record in records], execution)
            lab.catalogue.add(records)
    except OSError as error:
        raise LabError(
            f"{error.filename or lab.workspace.runs}: {error.strerror or error}; nothing was queued"
        ) from None
    if local:  # which finds the runs in the catalogue
        executed_by.submit([], execution)
    return records


def check_devices(runs: Iterable[PlannedRun], execution: Execution) -> None:
    """Raise `UsageError` if a run cannot be trained on so many devices, or this machine, if it is to, never has them for it."""
    for run in runs:
        check_config(run.config, execution)


def check_config(config: RunConfig, execution: Execution) -> None:
    """`check_devices` for one configuration."""
    devices = execution.devices
    if words := too_many_devices(config, devices):
        raise UsageError(f"--devices {devices}: {words}")
    if execution.backend != LOCAL or devices == 1:
        return
    there = len(gpus())
    if wants_gpu(config.training.device, any_gpu=there > 0) and there < devices:
        raise UsageError(f"--devices {devices}: this machine has {there} GPU{'' if there == 1 else 's'}")


def new_id() -> str:
    """A run id: eight characters, easy to type, the first one a letter."""
    return secrets.choice(_ALPHABET[:22]) + "".join(secrets.choice(_ALPHABET) for _ in range(7))


def _write(
    lab: Lab, run_id: str, run: PlannedRun, origin: dict[str, Any], *, created: float, execution: Execution
) -> RunRecord:
    entry = RunFile(
        id=run_id,
        name=run.name,
        preset=run.preset,
        study=run.study,
        group=run.group,
        point=dict(run.point),
        created=created,
        parent=run.start.parent if run.start else None,
        prunable=run.prunable,
        race=run.race,
        config=run.config,
        provenance=origin,
        per_device=execution.per_device,
        devices=execution.devices,
        retries=execution.retries or 0,
        backend=execution.backend,
    )
    labels = Labels(name=run.name)
    folder = lab.workspace.runs / entry.id
    folder.mkdir()
    if run.start is not None:
        give_start(folder / "checkpoints" / "start", run.start)
    let_wait(inside := RunDir(folder), durable=False)
    write_file(inside.labels_file, labels)
    write_file(inside.config_file, entry)
    return record_of(entry, labels, str(folder.relative_to(lab.workspace.root)))


def _sync(folders: Sequence[Path]) -> None:
    """Let new run directories survive a power loss. Raises `OSError`."""
    runs = [RunDir(folder) for folder in folders]
    sync_files([file for run in runs for file in (run.queue_file, run.labels_file, run.config_file)], folders)


def give_start(folder: Path, start: Start) -> None:
    """Make the weights of a checkpoint, or the whole of it, what a new run begins with; it survives a power loss."""
    about = read_saved(start.directory).about
    folder.mkdir(parents=True)
    names = (MODEL_FILE, TRAINING_FILE) if start.parent.whole else (MODEL_FILE,)
    for name in names:
        try:
            # Checkpoints are never changed in place, so both runs may share the file.
            os.link(start.directory / name, folder / name)
        except OSError:
            shutil.copyfile(start.directory / name, folder / name)
            with (folder / name).open("rb") as file:
                os.fsync(file.fileno())
    files = {name: about.files[name] for name in names}
    write_file(folder / "checkpoint.json", about.model_copy(update={"files": files}), durable=True)
    for directory in (folder, folder.parent):
        sync_directory(directory)
