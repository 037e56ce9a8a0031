"""The laboratory: the runs of a workspace as they are now."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.locks import run_lock_holder
from engine.runfiles.rundir import RunDir, State
from moetui.core.catalogue.index import Catalogue
from moetui.core.catalogue.records import RunRecord, Status
from moetui.core.cluster.backend import backend
from moetui.core.cluster.interface import SCHEDULERS
from moetui.core.cluster.status import under_scheduler
from moetui.core.errors import CatalogueError, LabError, NotFoundError, UsageError
from moetui.core.machine.launcher import start_dispatcher
from moetui.core.planning.presets import Library
from moetui.core.runs.alerts import tell_ends
from moetui.core.runs.current import current
from moetui.core.runs.journal import recover
from moetui.core.runs.published import published_records
from moetui.core.runs.quota import Quota
from moetui.core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All runs at one moment, the newest first, and the last words of the live trainers by run id.

    `faults` name the documents of the catalogue that are no valid records.
    """

    runs: tuple[RunRecord, ...]
    states: Mapping[str, State] = field(default_factory=dict)
    taken: float = 0.0
    faults: tuple[str, ...] = ()

    @property
    def pending(self) -> tuple[RunRecord, ...]:
        """The runs that have not ended."""
        return tuple(run for run in self.runs if run.pending)

    @property
    def statuses(self) -> dict[str, Status]:
        """The status of each run by its id."""
        return {run.id: run.status for run in self.runs}


@dataclass(frozen=True, slots=True)
class _Listed:
    """The records of one version of the catalogue, those that are not deleted, and the places of the ones to look at."""

    found: list[RunRecord] = field(default_factory=list)
    runs: list[RunRecord] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)


class Lab:
    """Reads and changes one workspace. Cheap to make; safe to use from several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.catalogue = Catalogue(workspace.runs_json)
        self._listed = _Listed()
        self.quota = Quota(workspace)
        self.preset_faults: tuple[str, ...] = ()

    def library(self) -> Library:
        """The presets, built in and the user's own, as they are on disk now; `preset_faults` names the files passed over."""
        library, faults = Library.collect(self.workspace.presets if self.workspace.presets.is_dir() else None)
        self.preset_faults = tuple(f"{fault.message}; it is passed over" for fault in faults)
        return library

    def run_dir(self, record: RunRecord) -> RunDir:
        """The directory of a run. Raises `NotFoundError` for a published result or a record that came alone, which have none.

        Raises `LabError` for a link: a workspace from elsewhere must not lead to files outside of it.
        """
        if not record.path:
            what = "is a published result; it has no" if record.published else "is a record alone, without a"
            raise NotFoundError(f"{record.name} {what} run directory")
        path = self.workspace.run_dir(record.path)
        if path.is_symlink():
            raise LabError(f"{path} is a link to {path.readlink()}; put the directory itself in its place")
        return RunDir(path)

    def records(self, *, deleted: bool = False) -> list[RunRecord]:
        """The catalogue as written, newest first; a workspace without one has the published results."""
        return _newest_first(r for r in self._found() if (r.deleted is not None) == deleted)

    def _found(self) -> list[RunRecord]:
        recover(self)
        return self.catalogue.all() if self.workspace.runs_json.exists() else self._published

    @cached_property
    def _published(self) -> list[RunRecord]:
        return published_records(Library.load())

    def found_catalogue(self) -> None:
        """Write the published results, which `records` shows of a workspace without a catalogue, so that they can be changed."""
        if self.workspace.runs_json.exists():
            return
        published = self._published
        with self.catalogue.transaction():
            if not self.workspace.runs_json.exists():
                self.catalogue.add(published)

    def snapshot(self, *, dispatch: bool = True) -> Snapshot:
        """The runs as they are now; ends that nobody noted yet are noted, and a queue without a dispatcher gets one.

        `dispatch=False` only looks; the dispatcher itself must use it, as asking for its own lock would drop that lock.
        Raises `CatalogueError` if runs.json cannot be read.
        """
        listed = self._list()
        runs = list(listed.runs)
        states: dict[str, State] = {}
        ended: list[RunRecord] = []
        for place in listed.pending:
            record = runs[place]
            runs[place], state = self._look(record, patient=dispatch)
            if state is not None:
                states[record.id] = state
            if not runs[place].pending and runs[place].status != record.status:
                ended.append(runs[place])
        if dispatch:
            self._keep_going(ended, queued=any(waits_here(runs[place]) for place in listed.pending))
        return Snapshot(tuple(runs), states, time.time(), self.catalogue.faults())

    def _list(self) -> _Listed:
        """What a snapshot begins with; made anew only when the catalogue has changed."""
        found = self._found()
        if found != self._listed.found:
            runs = _newest_first(r for r in found if r.deleted is None)
            pending = [place for place, run in enumerate(runs) if _changes(run)]
            self._listed = _Listed(found, runs, pending)
        return self._listed

    def note_ends(self, ended: Iterable[RunRecord]) -> None:
        """Write the ends of runs into the catalogue, and have the user's command told; what people said of them is kept."""
        ended = list(ended)
        facts = {run.id: run.model_dump(exclude={"id", "name", "tags", "note", "deleted", "path"}) for run in ended}
        if not facts:
            return
        with self.catalogue.transaction():
            present = [run_id for run_id in facts if self.catalogue.get(run_id) is not None]
            self.catalogue.update_many(present, lambda r: RunRecord.model_validate(r.model_dump() | facts[r.id]))
        tell_ends(self.workspace, ended)

    def _keep_going(self, ended: list[RunRecord], *, queued: bool) -> None:
        # A live dispatcher notes the ends itself: as the parent it knows the signal that killed a process.
        if not (ended or queued) or self.dispatching():
            return
        try:
            self.note_ends(ended)
        except CatalogueError:
            return  # a reader without write permission still reads
        if queued:
            start_dispatcher(self.workspace)

    def dispatching(self) -> bool:
        """Whether a dispatcher works on this workspace, or may do so where its lock cannot be asked for."""
        return self._dispatcher() is not None

    def _dispatcher(self) -> int | None:
        try:
            return run_lock_holder(self.workspace.dispatcher_lock)
        except OSError:
            return -1

    def find(self, reference: str, *, deleted: bool = False) -> RunRecord:
        """The run of that id, name (the newest of several), or unique beginning of an id.

        Raises `NotFoundError`, or `UsageError` if the beginning fits several.
        """
        runs = self.records(deleted=deleted)
        for record in runs:
            if record.id == reference:
                return record
        for record in runs:
            if record.name == reference:
                return record
        fitting = [record for record in runs if record.id.startswith(reference)] if reference else []
        if len(fitting) > 1:
            raise UsageError(
                f"{reference} fits several runs: {', '.join(r.id for r in fitting[:5])}; give more of the id"
            )
        if not fitting:
            raise NotFoundError(f"no {'deleted ' if deleted else ''}run {reference!r}; `moetui ls` lists them")
        return fitting[0]

    def see(self, record: RunRecord) -> RunRecord:
        """One run as it is now."""
        return self._look(record)[0] if _changes(record) else record

    def _look(self, record: RunRecord, *, patient: bool = True) -> tuple[RunRecord, State | None]:
        """A pending run as it is now. If `patient`, one that died a moment ago waits for its parent to tell which signal it was."""
        try:
            run = self.run_dir(record)
        except LabError as error:
            return record.model_copy(update={"status": "failed", "reason": str(error)}), None
        fresh, state = current(record, run)
        if fresh.backend in SCHEDULERS:
            return under_scheduler(fresh, run, backend(fresh.backend, self.workspace)), state
        if patient and (fresh.status == "killed" or fresh.due is not None):
            launch = None
            with contextlib.suppress(DamagedFile, OSError):
                launch = run.launch()
            if launch and launch.exit_code is None and launch.parent == self._dispatcher():
                told = {"status": "stopping", "reason": "the process has ended", "due": None}
                return fresh.model_copy(update=told), state
        return fresh, state


def waits_here(record: RunRecord) -> bool:
    """Whether a run waits for a device of this machine, and not for one of a cluster."""
    return record.status == "queued" and record.backend not in SCHEDULERS


def _changes(record: RunRecord) -> bool:
    """Whether a run may be another at the next look: it has not ended, or its machine was cut off and may come back."""
    return bool(record.path) and (record.pending or record.status == "lost")


def _newest_first(records: Iterable[RunRecord]) -> list[RunRecord]:
    return sorted(records, key=lambda record: record.created, reverse=True)
