"""A change of several files is written down before it begins; its one commit point is the catalogue.

The files of the runs are changed first, then runs.json as a whole. A process that fails in between takes the files back; one that
dies leaves the journal to the next command. Either way, what runs.json says of the runs holds, and their files are made to agree.

    runs/.journal/ID.json    the operation and its runs; locked while whoever wrote it lives
"""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.runfiles.durable import sync_directory
from engine.runfiles.fields import RunId
from engine.runfiles.jsonfile import DamagedFile, read_file, write_file
from engine.runfiles.rundir import Labels, RunDir
from engine.runfiles.temporary import sweep
from moetui.core.catalogue.index import Catalogue
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import CatalogueError, LabError
from moetui.core.machine.starts import begun
from moetui.core.runs.published import PublishedLabels
from moetui.core.workspace import Workspace

Kind = Literal["enqueue", "import", "label", "move", "resume"]

_ASIDE: Final = ("launch.json", "state.json", "result.json", "metrics.jsonl")
"""Files of a run that has been more than queued, which is never removed; an import brings them along."""

FILLING: Final = ".importing-"
"""What the name of a directory begins with that is filled by an import and is no run yet."""

_NEW: Final[frozenset[Kind]] = frozenset({"enqueue", "import"})
"""Operations whose runs nobody knows yet."""

_ours: set[Path] = set()
"""The journals of operations of this process; some file systems keep no lock between the threads of one process."""


class Laboratory(Protocol):
    """What the journal needs of the laboratory."""

    workspace: Workspace
    catalogue: Catalogue

    def run_dir(self, record: RunRecord) -> RunDir:
        """The directory of a run."""


class Entry(BaseModel):
    """What an operation is about to do. `founded` tells whether there was a runs.json when it began."""

    model_config = ConfigDict(frozen=True)

    operation: Kind
    runs: tuple[RunId, ...]
    founded: bool


@contextlib.contextmanager
def operation(lab: Laboratory, kind: Kind, run_ids: Sequence[str]) -> Iterator[None]:
    """Change files of these runs and then the catalogue, wholly or not at all.

    Others' writes of the catalogue wait meanwhile, unless nobody knows the runs yet. Raises `LabError` if the
    operation cannot be written down; nothing was changed then.
    """
    entry = Entry(operation=kind, runs=tuple(run_ids), founded=lab.workspace.runs_json.exists())
    path, lock = _begin(lab, entry)
    try:
        with contextlib.nullcontext() if kind in _NEW else lab.catalogue.transaction():
            yield
    except BaseException:
        with contextlib.suppress(LabError, OSError):
            _settle(lab, entry)
            path.unlink()
        raise
    else:
        with contextlib.suppress(OSError):
            path.unlink()  # what stays is looked at by the next command, which finds that all agrees
    finally:
        _ours.discard(path)
        os.close(lock)


def recover(lab: Laboratory) -> None:
    """Complete or take back what others have begun and did not live to end. What cannot be now is left to the next command."""
    for path in unfinished(lab):
        if path in _ours:
            continue
        with contextlib.suppress(LabError, OSError):
            lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.exists():
                    _settle(lab, _read(path))
                    path.unlink()
            finally:
                os.close(lock)


def unfinished(lab: Laboratory) -> list[Path]:
    """The journals of operations that are going on, or were cut off."""
    try:
        return [Path(found.path) for found in os.scandir(lab.workspace.journal) if found.name.endswith(".json")]
    except OSError:
        return []


def _begin(lab: Laboratory, entry: Entry) -> tuple[Path, int]:
    folder = lab.workspace.journal
    path = folder / f"{secrets.token_hex(6)}.json"
    lock: int | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        hidden = path.with_suffix(".new")
        _ours.add(path)
        try:
            write_file(hidden, entry, durable=True)
            lock = os.open(hidden, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            hidden.rename(path)  # from here on others see it, and that it is held
        except BaseException:
            hidden.unlink(missing_ok=True)
            raise
        sync_directory(folder)
    except OSError as error:
        _ours.discard(path)
        if lock is not None:
            path.unlink(missing_ok=True)
            os.close(lock)
        raise LabError(f"{error.filename or folder}: {error.strerror or error}; nothing was changed") from None
    return path, lock


def _read(path: Path) -> Entry:
    try:
        return Entry.model_validate_json(path.read_bytes())
    except ValidationError:
        return Entry(operation="label", runs=(), founded=False)  # not ours: it says nothing that could be done


def _settle(lab: Laboratory, entry: Entry) -> None:
    """Make the files of the runs agree with the catalogue. Raises `LabError` or `OSError` if that cannot be now."""
    with lab.catalogue.transaction():
        if entry.founded and not lab.workspace.runs_json.exists():
            raise CatalogueError(f"{lab.workspace.runs_json} is gone; what it said of the runs is not known")
        for run_id in entry.runs:
            record = lab.catalogue.get(run_id)
            if record is None and entry.operation == "enqueue":
                _remove(lab.workspace.runs / run_id)
            elif record is None and entry.operation == "import":
                _remove_import(lab.workspace.runs, run_id)
            elif record is not None:
                _agree(lab, record, entry.operation)


def _remove(folder: Path) -> None:
    """Remove the directory of a run that was not queued after all."""
    if folder.is_dir() and not folder.is_symlink() and not any((folder / name).exists() for name in _ASIDE):
        shutil.rmtree(folder)


def _remove_import(runs: Path, run_id: str) -> None:
    """Remove what there is of a run that was not imported after all: half of its directory, or the whole."""
    for folder in (runs / f"{FILLING}{run_id}", runs / run_id):
        if folder.is_dir() and not folder.is_symlink() and not (folder / "launch.json").exists():
            shutil.rmtree(folder)


def _agree(lab: Laboratory, record: RunRecord, kind: Kind) -> None:
    if kind == "move" and record.path:
        _put_in_place(lab, record)
    if kind == "resume":
        take_back_resume(lab.run_dir(record), waits=record.pending and record.status != "paused")
    if kind in ("label", "resume") or not record.path:
        write_labels(lab, record)


def _put_in_place(lab: Laboratory, record: RunRecord) -> None:
    wanted = lab.workspace.run_dir(record.path)
    for folder in (lab.workspace.runs, lab.workspace.trash):
        found = folder / wanted.name
        if found != wanted and found.is_dir() and not wanted.exists():
            move_directory(found, wanted)


def take_back_resume(run: RunDir, *, waits: bool) -> None:
    """Remove the request to go on of a run that the catalogue does not know to wait."""
    if waits:
        return
    with contextlib.suppress(DamagedFile):
        request = run.request()
        if request is not None and request.resume and not _answered(run, request.token):
            if request.stop:
                write_file(run.request_file, request.model_copy(update={"resume": False}), durable=True)
            else:
                run.request_file.unlink()
            run.queue_file.unlink(missing_ok=True)


def _answered(run: RunDir, token: str | None) -> bool:
    launch = run.launch()
    return token is not None and launch is not None and launch.token != token and begun(launch, run.state())


def move_directory(source: Path, target: Path) -> None:
    """Move a run directory, so that the move survives a power loss. Raises `OSError`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, target)
    for folder in (target.parent, source.parent):
        with contextlib.suppress(OSError):
            sync_directory(folder)


def write_labels(lab: Laboratory, record: RunRecord) -> None:
    """Write what people say of a run beside it, if it is not there already. Raises `LabError`."""
    said = Labels(name=record.name, tags=record.tags, note=record.note, archived=record.archived)
    file = lab.run_dir(record).labels_file if record.path else lab.workspace.published_labels(record.id)
    try:
        if record.path:
            _write_if_new(file, said)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            _write_if_new(file, PublishedLabels(**said.model_dump(), deleted=record.deleted))
    except OSError as error:
        raise LabError(f"{error.filename or file}: {error.strerror or error}") from None


def _write_if_new(file: Path, said: Labels) -> None:
    with contextlib.suppress(DamagedFile):
        if read_file(file, type(said)) == said:
            return
    write_file(file, said, durable=True)
