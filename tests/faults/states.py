"""What a workspace holds, in a form in which two that nobody could tell apart are equal."""

from pathlib import Path
from typing import Any

from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import RunDir
from moetui.core.maintenance.orphans import find
from moetui.core.queue.queueing import in_order
from moetui.core.runs.journal import unfinished
from moetui.core.runs.lab import Lab


def state(lab: Lab) -> dict[str, Any]:
    """The runs as a user sees them, and what should not be there; ids of runs that a command has made are left out."""
    runs = [*lab.snapshot(dispatch=False).runs, *lab.records(deleted=True)]
    return {
        "runs": sorted((_run(lab, run) for run in runs if not run.published), key=repr),
        "published": sorted((run.id, run.note, run.deleted is not None) for run in runs if run.published and run.note),
        "queue": [run.name for run in in_order(run for run in runs if run.deleted is None)],
        "left": sorted(_left(lab)),
    }


def _run(lab: Lab, run: Any) -> dict[str, Any]:
    seen = {
        "name": run.name,
        "status": run.status,
        "tags": list(run.tags),
        "note": run.note,
        "archived": run.archived is not None,
        "deleted": run.deleted is not None,
        "final": run.final.val_loss if run.final else None,
        "seed": run.seed,
    }
    if not run.path:
        return seen | {"path": ""}
    directory = RunDir(lab.workspace.run_dir(run.path))
    try:
        labels, entry = directory.labels(), directory.imported() or directory.config()
    except (DamagedFile, OSError) as error:
        return seen | {"fault": str(error)}
    agree = labels is not None and (labels.name, labels.tags, labels.note) == (run.name, run.tags, run.note)
    return seen | {"trash": ".trash" in run.path, "labels agree": agree, "config": entry.id == run.id}


def _left(lab: Lab) -> list[str]:
    """Orphans, operations that are not finished, and passing files."""
    root = lab.workspace.root
    passing = [str(path.relative_to(root)) for name in (".*.tmp", ".importing-*") for path in root.rglob(name)]
    return [*(one.what for one in find(lab)), *map(str, unfinished(lab)), *passing]


def copied(source: Path, target: Path) -> None:
    """Copy a workspace; runs that wait do so in the copy as well."""
    import shutil

    shutil.copytree(source, target, symlinks=True)
    settled(target)


def settled(target: Path) -> None:
    """Let the runs of a copied workspace wait that did so in the original."""
    from moetui.core.machine.starts import let_wait

    for queue_file in target.glob("runs/*/queue.json"):
        let_wait(RunDir(queue_file.parent))
