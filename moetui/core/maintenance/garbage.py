"""What takes room on the disk and is of no more use: spare checkpoints, remains of killed writers, and on request the trash.

Beyond the quota for checkpoints, more of them go.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.runfiles.locks import own_procs_lock
from engine.runfiles.rundir import RunDir
from engine.runfiles.saved import saved
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.runs.lab import Lab
from moetui.core.runs.quota import room_of

_DONE = frozenset({"finished", "diverged"})
"""Ends after which a run does not go on; its last checkpoint serves forks, the one before it nobody."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """Something that can be removed: a path, its size in bytes, why nobody needs it, and the run that it belongs to."""

    path: Path
    size: int
    why: str
    run: RunRecord
    trash: bool = False


def find(lab: Lab, *, trash: bool = False) -> list[Garbage]:
    """What could be removed now; changes nothing. With `trash` also the deleted runs, which then cannot be restored.

    If the checkpoints take more than their quota, so much more that they keep to it, as far as nobody needs it to go on.
    """
    ended = [run for run in lab.snapshot(dispatch=False).runs if run.path and not run.pending]
    found = [one for run in ended for one in _of_run(lab, run)]
    found += _beyond_quota(lab, ended, found)
    deleted = [run for run in lab.records(deleted=True) if run.path] if trash else []
    thrown = [(lab.workspace.run_dir(run.path), run) for run in deleted]
    return found + [Garbage(path, _size(path), "deleted", run, trash=True) for path, run in thrown if path.is_dir()]


def remove(lab: Lab, garbage: Iterable[Garbage]) -> tuple[list[Garbage], list[str]]:
    """Remove what was found, unless its run lives again; what was removed, and what could not be, in words."""
    removed, faults = [], []
    for one in garbage:
        try:
            if one.trash:
                lab.catalogue.remove([one.run.id])  # first: a record without its directory would be an orphan
                shutil.rmtree(one.path)
            else:
                _remove_of_run(lab, one)
            removed.append(one)
        except BlockingIOError:
            faults.append(f"{one.path}: {one.run.id} lives again")
        except (LabError, OSError) as error:
            faults.append(f"{one.path}: {getattr(error, 'strerror', None) or error}")
    return removed, faults


def _of_run(lab: Lab, record: RunRecord) -> Iterator[Garbage]:
    with contextlib.suppress(LabError, OSError):
        run = lab.run_dir(record)
        newest = (run.checkpoints / "last").resolve()
        if record.status in _DONE:
            for spare in saved(run, "last")[1:]:
                if spare.path != newest:
                    yield Garbage(
                        spare.path,
                        _size(spare.path),
                        f"the checkpoint before the last of a {record.status} run",
                        record,
                    )
        for left in run.checkpoints.glob(".*.tmp"):
            yield Garbage(left, _size(left), "a checkpoint that was never whole", record)
        if run.reserve_file.exists():
            yield Garbage(run.reserve_file, _size(run.reserve_file), "room kept by a trainer that is gone", record)


def _beyond_quota(lab: Lab, ended: list[RunRecord], found: list[Garbage]) -> Iterator[Garbage]:
    """What goes besides until the quota is kept, the oldest first; never a `best`, nor what a run can be resumed from.

    First the last checkpoints of runs that are done, which serve forks with their optimizer; then those before the last of others.
    """
    room = room_of(lab.workspace)
    excess = room.used - sum(one.size for one in found) - room.quota if room.quota else 0
    for one in sorted(_dispensable(lab, ended), key=lambda one: (one.run.status not in _DONE, one.run.ended or 0.0)):
        if excess <= 0:
            return
        if one.size:  # what is shared with a fork takes no room of its own
            excess -= one.size
            yield one


def _dispensable(lab: Lab, ended: list[RunRecord]) -> Iterator[Garbage]:
    for record in ended:
        with contextlib.suppress(LabError, OSError):
            run = lab.run_dir(record)
            newest = (run.checkpoints / "last").resolve()
            for number, one in enumerate(saved(run, "last")):
                is_last = number == 0 or one.path == newest
                if record.status in _DONE and is_last:
                    why = f"beyond the quota: the last checkpoint of a {record.status} run, whose best stays"
                    yield Garbage(one.path, _size(one.path), why, record)
                elif record.status not in _DONE and not is_last:
                    why = f"beyond the quota: the checkpoint before the last of a {record.status} run"
                    yield Garbage(one.path, _size(one.path), why, record)


def _remove_of_run(lab: Lab, one: Garbage) -> None:
    run = RunDir(lab.run_dir(one.run).path)
    lock = own_procs_lock(run.procs_lock)
    try:
        link = run.checkpoints / "last"
        if link.is_symlink() and link.resolve() == one.path:
            link.unlink()
        if one.path.is_dir():
            shutil.rmtree(one.path)
        else:
            one.path.unlink(missing_ok=True)
    finally:
        os.close(lock)


def _size(path: Path) -> int:
    """Bytes that a file or a directory takes, as far as they are its own and not shared with a fork."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file() and not file.is_symlink()]
    return sum(status.st_size for status in (file.stat() for file in files) if status.st_nlink == 1)
