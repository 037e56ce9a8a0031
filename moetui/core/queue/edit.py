"""What people do with runs on the shelf: name, tag, annotate and archive them, delete them and bring them back, stop the live ones.

What is done to many runs is one write of the catalogue, however many they are.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from engine.runfiles.jsonfile import DamagedFile
from moetui.core import format as fmt
from moetui.core.catalogue.records import PRUNED, RunRecord
from moetui.core.cluster.backend import backend
from moetui.core.cluster.interface import SCHEDULERS
from moetui.core.errors import LabError, UsageError
from moetui.core.machine import control
from moetui.core.runs.journal import move_directory, operation, write_labels
from moetui.core.runs.lab import Lab
from moetui.core.runs.status import STALL_SECONDS, observe, silence


class Said(TypedDict, total=False):
    """What is to be said of a run from now on; a key that is absent leaves it as it was."""

    name: str
    tags: tuple[str, ...]
    note: str
    archived: float | None


@dataclass(frozen=True, slots=True)
class Done:
    """The runs for which something was done, as they are now, and why it could not be done for others."""

    runs: tuple[RunRecord, ...]
    faults: tuple[str, ...] = ()


def label(
    lab: Lab, record: RunRecord, *, name: str | None = None, tags: Iterable[str] | None = None, note: str | None = None
) -> RunRecord:
    """Change what is said of a run, in its directory and in the catalogue; what is None stays."""
    said: Said = {}
    if name is not None:
        said["name"] = name
    if tags is not None:
        said["tags"] = tuple(tags)
    if note is not None:
        said["note"] = note
    return label_all(lab, [record], lambda run: said)[0]


def archive(lab: Lab, records: Sequence[RunRecord], *, away: bool = True) -> list[RunRecord]:
    """Put runs out of sight, or back: lists leave archived runs out unless they are asked for, all else counts them."""
    now = time.time()
    return label_all(lab, records, lambda run: {"archived": (run.archived or now) if away else None})


def label_all(lab: Lab, records: Sequence[RunRecord], change: Callable[[RunRecord], Said]) -> list[RunRecord]:
    """Change what is said of runs, in their directories and in the catalogue; `change` sees each as it is now.

    Raises `UsageError` for an empty name; nothing is changed then.
    """

    def changed(run: RunRecord) -> RunRecord:
        said = change(run)
        if not said.get("name", run.name).strip():
            raise UsageError("a run needs a name")
        if "tags" in said:
            said = {**said, "tags": tuple(dict.fromkeys(said["tags"]))}
        return run.model_copy(update=dict(said))

    lab.found_catalogue()
    ids = [record.id for record in records]
    with operation(lab, "label", ids):
        runs = lab.catalogue.update_many(ids, changed)
        for run in runs:
            write_labels(lab, run)
    return runs


def delete(lab: Lab, record: RunRecord) -> RunRecord:
    """Move a run to the trash, from where `restore` brings it back. Raises `LabError` for a live run: stop it first."""
    return _only(delete_all(lab, [record]))


def restore(lab: Lab, record: RunRecord) -> RunRecord:
    """Bring a deleted run back."""
    return _only(restore_all(lab, [record]))


def delete_all(lab: Lab, records: Sequence[RunRecord]) -> Done:
    """Move runs to the trash; a run that cannot be deleted, such as a live one, does not keep the others from it."""
    faults: list[str] = []
    ended = [now for record in records if (now := _ended(lab, record, faults)) is not None]
    done = _move(lab, ended, lab.workspace.trash, deleted=time.time())
    return Done(done.runs, (*faults, *done.faults))


def _ended(lab: Lab, record: RunRecord, faults: list[str]) -> RunRecord | None:
    """A run that has ended, as it is; one that waits is ended first. None, with the reason among `faults`, if it cannot be."""
    try:
        if lab.see(record).waiting:
            control.cancel_queued(lab.run_dir(record))
        now = lab.see(record)
        lab.note_ends([now] if now != record and not now.pending else [])
    except (LabError, DamagedFile, OSError) as error:
        faults.append(_said(record, error))
        return None
    if now.pending:
        faults.append(f"{record.id} is {now.status}; stop it first (`moetui stop {record.id}`)")
        return None
    return now


def restore_all(lab: Lab, records: Sequence[RunRecord]) -> Done:
    """Bring deleted runs back."""
    return _move(lab, records, lab.workspace.runs, deleted=None)


def stop(lab: Lab, record: RunRecord, *, force: bool = False) -> RunRecord:
    """Ask a run to stop, also one that was to pause; one that was asked to stop before, or `force`, is killed.

    Returns the run as it is afterwards.
    """
    now = lab.see(record)
    if not now.pending:
        raise LabError(f"{record.id} has ended already: {now.status}")
    run = lab.run_dir(record)
    if now.backend in SCHEDULERS:
        return _stop_in_cluster(lab, now, force=force)
    if now.waiting and control.cancel_queued(run):
        return lab.see(record)
    away = observe(run).elsewhere
    if away and force:
        take_over(lab, record)
    elif away:
        control.request_stop(run)  # its trainer sees that, if it lives
    elif force or (now.status == "stopping" and not control.pausing(run)):
        if not control.kill(run):
            raise LabError(f"{record.id}: a process of the run does not die; see `moetui doctor`")
    else:
        control.request_stop(run)
    return lab.see(record)


def _stop_in_cluster(lab: Lab, now: RunRecord, *, force: bool) -> RunRecord:
    """Stop a run that a scheduler executes: its directory says so first, so that a job that starts all the same leaves it alone."""
    run = lab.run_dir(now)
    if not (now.waiting and control.cancel_queued(run)):
        control.request_stop(run)
    backend(now.backend, lab.workspace).stop(run, force=force or now.status == "stopping")
    return lab.see(now)


def silent_elsewhere(lab: Lab, record: RunRecord) -> str:
    """Why a run of another machine may be gone, in words; "" if it speaks, is on this machine, or has ended."""
    if not record.pending or not record.path:
        return ""
    seen = observe(lab.run_dir(record))
    if not seen.elsewhere or seen.state is None or (silent := silence(seen.state, time.time())) <= STALL_SECONDS:
        return ""
    return f"{record.id} trains on {seen.elsewhere}, which has said nothing for {fmt.duration(silent)}"


def take_over(lab: Lab, record: RunRecord) -> RunRecord:
    """Count a run of another machine as lost, so that it can be resumed or deleted; if its trainer lives, it ends."""
    seen = observe(lab.run_dir(record))
    if not seen.elsewhere:
        raise LabError(f"{record.id} is not on another machine; it is {seen.status}")
    control.take_over(lab.run_dir(record), f"taken over from {seen.elsewhere}")
    now = lab.see(record)
    lab.note_ends([now])
    return now


def prune(lab: Lab, record: RunRecord, reason: str) -> None:
    """Cut a run short that is not worth its time: it gets a tag, and stops with the reason in its result."""
    label(lab, record, tags=[*record.tags, PRUNED])
    run = lab.run_dir(record)
    if not (record.status == "queued" and control.cancel_queued(run, reason)):
        control.request_stop(run, reason)


def _move(lab: Lab, records: Sequence[RunRecord], folder: Path, *, deleted: float | None) -> Done:
    """Move directories into `folder` and tell the catalogue; a run that cannot be moved does not keep the others from it."""
    paths: dict[str, str] = {}
    faults: list[str] = []
    lab.found_catalogue()
    with operation(lab, "move", [record.id for record in records]):
        for record in records:
            try:
                paths[record.id] = _moved(lab, record, folder) if record.path else ""
            except (LabError, DamagedFile, OSError) as error:
                faults.append(_said(record, error))
        runs = lab.catalogue.update_many(
            paths, lambda run: run.model_copy(update={"deleted": deleted, "path": paths[run.id]})
        )
        for run in runs:
            if not run.path:
                write_labels(lab, run)
    return Done(tuple(runs), tuple(faults))


def _said(record: RunRecord, error: Exception) -> str:
    return f"{error.filename or record.id}: {error.strerror or error}" if isinstance(error, OSError) else str(error)


def _only(done: Done) -> RunRecord:
    if done.faults:
        raise LabError(done.faults[0])
    return done.runs[0]


def _moved(lab: Lab, record: RunRecord, folder: Path) -> str:
    """Move the run's directory into `folder`; returns its new path in the workspace."""
    source = lab.workspace.run_dir(record.path)
    target = folder / record.id
    if source != target and source.exists():
        move_directory(source, target)
    return str(target.relative_to(lab.workspace.root))
