"""What people do with runs on the shelf: name, tag and annotate them, delete them and bring them back, stop the live ones."""

import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.rundir import Labels, write_file
from moetui.core import control
from moetui.core.errors import LabError, UsageError
from moetui.core.lab import Lab
from moetui.core.records import PRUNED, RunRecord


def label(
    lab: Lab, record: RunRecord, *, name: str | None = None, tags: Iterable[str] | None = None, note: str | None = None
) -> RunRecord:
    """Change what is said of a run, in its directory and in the catalogue; what is None stays."""
    given = {"name": name, "tags": None if tags is None else tuple(dict.fromkeys(tags)), "note": note}
    fields = {key: value for key, value in given.items() if value is not None}
    if name is not None and not name.strip():
        raise UsageError("a run needs a name")
    changed = _update(lab, record, fields)
    if changed.path:
        write_file(lab.run_dir(changed).labels_file, Labels(name=changed.name, tags=changed.tags, note=changed.note))
    return changed


def delete(lab: Lab, record: RunRecord) -> RunRecord:
    """Move a run to the trash, from where `restore` brings it back. A live run must be stopped first."""
    if lab.see(record).waiting:
        control.cancel_queued(lab.run_dir(record))
    now = lab.see(record)
    if now.pending:
        raise LabError(f"{record.id} is {now.status}; stop it first (`moetui stop {record.id}`)")
    lab.note_ends([now])
    path = _move(lab, now, lab.workspace.trash) if now.path else ""
    return _update(lab, record, {"deleted": time.time(), "path": path})


def restore(lab: Lab, record: RunRecord) -> RunRecord:
    """Bring a deleted run back."""
    path = _move(lab, record, lab.workspace.runs) if record.path else ""
    return _update(lab, record, {"deleted": None, "path": path})


def stop(lab: Lab, record: RunRecord, *, force: bool = False) -> RunRecord:
    """Ask a run to stop; one that was asked before, or `force`, is killed. Returns the run as it is afterwards."""
    now = lab.see(record)
    if not now.pending:
        raise LabError(f"{record.id} has ended already: {now.status}")
    run = lab.run_dir(record)
    if now.waiting and control.cancel_queued(run):
        return lab.see(record)
    if force or now.status == "stopping":
        if not control.kill(run):
            raise LabError(f"{record.id}: a process of the run does not die; see `moetui doctor`")
    else:
        control.request_stop(run)
    return lab.see(record)


def prune(lab: Lab, record: RunRecord, reason: str) -> None:
    """Cut a run short that is not worth its time: it gets a tag, and stops with the reason in its result."""
    label(lab, record, tags=[*record.tags, PRUNED])
    run = lab.run_dir(record)
    if not (record.status == "queued" and control.cancel_queued(run, reason)):
        control.request_stop(run, reason)


def _update(lab: Lab, record: RunRecord, fields: Mapping[str, object]) -> RunRecord:
    lab.found_catalogue()
    return lab.catalogue.update(record.id, lambda old: old.model_copy(update=fields))


def _move(lab: Lab, record: RunRecord, folder: Path) -> str:
    """Move the run's directory into `folder`; returns its new path in the workspace."""
    source = lab.workspace.run_dir(record.path)
    target = folder / record.id
    if source != target and source.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target)
        except OSError as error:
            raise LabError(f"{error.filename or source}: {error.strerror or error}") from None
    return str(target.relative_to(lab.workspace.root))
