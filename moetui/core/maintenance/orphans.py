"""What has lost its counterpart: processes without a run, runs without a process, directories without a record, and the reverse.

`find` changes nothing. `reconcile` looks at each of them once more before it acts, and kills only processes that carry a token of
this workspace.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.locks import run_lock_holder
from engine.runfiles.rundir import Launch, RunDir
from engine.runfiles.temporary import sweep
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.machine.processes import GONE, Census, age, leader, token_of, trainer
from moetui.core.maintenance.reindex import read_run
from moetui.core.runs.lab import Lab

SETTLED = 5.0
"""Seconds after which a process is known for what it is."""

Kind = Literal["process", "vanished", "directory", "record"]


@dataclass(frozen=True, slots=True)
class Orphan:
    """One thing without its counterpart. `subject` is the token of processes, the id of a run, or the name of a directory.

    `what` says what is wrong, `remedy` what reconciling does about it.
    """

    kind: Kind
    subject: str
    what: str
    remedy: str


def find(lab: Lab) -> tuple[Orphan, ...]:
    """Everything that is orphaned. Raises `CatalogueError` if runs.json cannot be read."""
    records = [*lab.records(), *lab.records(deleted=True)]
    return (*_processes(lab, records), *_vanished(lab, records), *_directories(lab, records), *_records(lab, records))


def reconcile(lab: Lab, orphans: Iterable[Orphan]) -> list[str]:
    """Do what the remedies say; returns a sentence for each that was done, or why it could not be."""
    steps: Mapping[Kind, Callable[[Lab, str], str]] = {
        "process": _kill,
        "vanished": _note,
        "directory": _add,
        "record": _keep_alone,
    }
    present = {(one.kind, one.subject) for one in find(lab)}
    said = _sweep(lab)
    for one in orphans:
        if (one.kind, one.subject) not in present:
            continue  # it has settled itself meanwhile
        try:
            said.append(steps[one.kind](lab, one.subject))
        except (LabError, DamagedFile, OSError) as error:
            said.append(f"{one.what}: {error}")
    return said


def _sweep(lab: Lab) -> list[str]:
    """Remove the passing files of writers that are gone; returns a sentence if there were any."""
    workspace = lab.workspace
    folders = [workspace.root, workspace.journal, workspace.published, *(run.path for run in _everywhere(lab))]
    count = sum(len(sweep(folder)) for folder in folders)
    return [f"removed {count} file{'s' if count != 1 else ''} that killed processes left"] if count else []


# -- processes without a run ------------------------------------------------------------------------------------------


def _processes(lab: Lab, records: Iterable[RunRecord]) -> Iterator[Orphan]:
    groups = _of_this_workspace(lab)
    pending = [RunDir(lab.workspace.run_dir(record.path)) for record in records if record.pending and record.path]
    _leave_out(groups, pending)  # as it mostly is: then there is no need to look into every directory
    if not groups:
        return
    everywhere = list(_everywhere(lab))
    _leave_out(groups, everywhere)
    launches = {entry.token: run for run, entry in _launches(everywhere)}
    names = {Path(record.path).name: record.name for record in records if record.path}
    for token, processes in groups.items():
        whose = "of no run here"
        if token in launches:
            name = launches[token].path.name
            whose = f"of {names.get(name, name)}, whose trainer has ended"
        pids = ", ".join(str(process.pid) for process in processes)
        yield Orphan("process", token, f"process {pids} {whose}", "killed")


def _leave_out(groups: dict[str, list[psutil.Process]], runs: Iterable[RunDir]) -> None:
    """Take out the processes of runs whose trainer lives, whatever launch.json says of it."""
    for run in runs:
        if not groups:
            return
        try:
            at_work = list(_tokens_at_work(run))
        except OSError:  # nobody can tell whether its trainer lives
            at_work = [token for token, found in groups.items() if any(_told_of(run, process) for process in found)]
        for token in at_work:
            groups.pop(token, None)


def _told_of(run: RunDir, process: psutil.Process) -> bool:
    """Whether a process was started for a run, as its command line says."""
    with contextlib.suppress(*GONE):
        return str(run.path) in process.cmdline()
    return False


def _tokens_at_work(run: RunDir) -> Iterator[str]:
    """The tokens of the trainer of a run, if it lives: it proves itself by the lock that it holds, or is too young to hold it."""
    proved = trainer(run)
    if proved is not None:
        yield token_of(proved)
    for _, entry in _launches([run]):
        if (proved is None and leader(entry) is not None) or run_lock_holder(run.run_lock) is not None:
            yield entry.token


def _of_this_workspace(lab: Lab) -> dict[str, list[psutil.Process]]:
    """The processes that were started for a run of this workspace, by their tokens."""
    groups: dict[str, list[psutil.Process]] = {}
    asking = {psutil.Process(), *psutil.Process().parents()}  # whoever works in the shell of a run has its token
    for process, token in Census().take().items():
        if age(process) > SETTLED and process not in asking and _belongs(lab, process):
            groups.setdefault(token, []).append(process)
    return groups


def _belongs(lab: Lab, process: psutil.Process) -> bool:
    """Whether a process works in this workspace, or was told to work on one of its directories."""
    with contextlib.suppress(*GONE):
        if Path(process.cwd()) == lab.workspace.root.resolve():
            return True
        return any(word.startswith(f"{lab.workspace.runs}/") for word in process.cmdline())
    return False


def _everywhere(lab: Lab) -> Iterator[RunDir]:
    """Every directory of a run, whether or not the catalogue knows it."""
    for folder in (lab.workspace.runs, lab.workspace.trash):
        yield from map(RunDir, folder.iterdir() if folder.is_dir() else ())


def _launches(runs: Iterable[RunDir]) -> Iterator[tuple[RunDir, Launch]]:
    for run in runs:
        with contextlib.suppress(DamagedFile, OSError):
            if (entry := run.launch()) is not None:
                yield run, entry


def _kill(lab: Lab, token: str) -> str:
    killed = []
    for process in _of_this_workspace(lab).get(token, ()):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()  # psutil compares the start time first, so a recycled pid is safe
            killed.append(str(process.pid))
    return f"killed {', '.join(killed)}" if killed else "the processes have ended by themselves"


# -- runs without a process -------------------------------------------------------------------------------------------


def _vanished(lab: Lab, records: Iterable[RunRecord]) -> Iterator[Orphan]:
    if lab.dispatching():
        return  # it notes the ends itself, with the signal that only it knows
    for record in records:
        if record.pending and record.path and record.deleted is None and lab.workspace.run_dir(record.path).is_dir():
            now = lab.see(record)
            if not now.pending:
                yield Orphan("vanished", record.id, f"{record.name} is {now.status}: {now.reason}", "its end is noted")


def _note(lab: Lab, run_id: str) -> str:
    record = lab.find(run_id)
    now = lab.see(record)
    lab.note_ends([now])
    return f"{record.name}: noted as {now.status}"


# -- directories and records ------------------------------------------------------------------------------------------


def _directories(lab: Lab, records: Iterable[RunRecord]) -> Iterator[Orphan]:
    known = {Path(record.path).name for record in records if record.path}
    folder = lab.workspace.runs
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        named = path.name not in known and not path.name.startswith(".") and not path.is_symlink()
        if named and ((path / "config.json").exists() or (path / "import.json").exists()):
            yield Orphan("directory", path.name, f"directory runs/{path.name} is not in the catalogue", "added to it")


def _add(lab: Lab, name: str) -> str:
    record = read_run(lab, lab.workspace.runs / name, deleted=False)
    lab.found_catalogue()
    lab.catalogue.put([record])  # in the place of a record alone, if there is one
    return f"{record.name}: added"


def _records(lab: Lab, records: Iterable[RunRecord]) -> Iterator[Orphan]:
    if not lab.workspace.runs.is_dir():
        return  # a disk that is not there would leave every record alone
    for record in records:
        if record.path and record.deleted is None and not lab.workspace.run_dir(record.path).is_dir():
            yield Orphan(
                "record", record.id, f"{record.name} has lost its directory {record.path}", "kept as a record alone"
            )


def _keep_alone(lab: Lab, run_id: str) -> str:
    def alone(record: RunRecord) -> RunRecord:
        ended = {"status": "lost", "reason": "its directory is gone"} if record.pending else {}
        return record.model_copy(update={**ended, "path": ""})

    return f"{lab.catalogue.update(run_id, alone).name}: kept as a record alone"
