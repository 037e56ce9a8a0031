"""Rebuilds the catalogue from the run directories, which hold everything that is in it but the records without one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.runfiles.rundir import DamagedFile, Labels, RunDir, read_file
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import CatalogueError
from moetui.core.planning.presets import Library
from moetui.core.runs.current import current
from moetui.core.runs.lab import Lab
from moetui.core.runs.new_record import record_of, record_of_import
from moetui.core.runs.published import PublishedLabels, published_records


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What was found: runs and published results now in the catalogue, and directories that could not be read, with the fault."""

    runs: int
    published: int
    damaged: tuple[str, ...]


def reindex(lab: Lab) -> Reindexed:
    """Write the catalogue anew. One that was damaged is kept beside it under another name."""
    records: list[RunRecord] = []
    damaged: list[str] = []
    for path, deleted in _directories(lab):
        try:
            records.append(read_run(lab, path, deleted=deleted))
        except (DamagedFile, OSError) as error:
            damaged.append(str(error))
    published = list(_published(lab, damaged))
    alone = _alone(lab)
    lab.catalogue.replace_all([*published, *sorted([*alone, *records], key=lambda record: record.created)])
    return Reindexed(len(records) + len(alone), len(published), tuple(damaged))


def _directories(lab: Lab) -> Iterator[tuple[Path, bool]]:
    for folder, deleted in ((lab.workspace.runs, False), (lab.workspace.trash, True)):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
                yield path, deleted


def read_run(lab: Lab, path: Path, *, deleted: bool) -> RunRecord:
    """The record of a run directory as it is now. Raises `DamagedFile` or `FileNotFoundError`."""
    run = RunDir(path)
    inside = str(path.relative_to(lab.workspace.root))
    if (origin := run.imported()) is not None:
        record = record_of_import(run, origin, run.labels() or Labels(name=origin.name), inside)
    else:
        entry = run.config()
        record = record_of(entry, run.labels() or Labels(name=entry.name), inside)
    record, _ = current(record, run)
    return record.model_copy(update={"deleted": path.stat().st_ctime}) if deleted else record


def _alone(lab: Lab) -> list[RunRecord]:
    """The records without a directory, which nothing but the old catalogue holds, as far as it can still be read."""
    try:
        return [record for record in lab.catalogue.all() if not (record.path or record.published)]
    except CatalogueError:
        return []


def _published(lab: Lab, damaged: list[str]) -> Iterator[RunRecord]:
    """The published results with what people said of them."""
    for record in published_records(Library.load()):
        said = None
        try:
            said = read_file(lab.workspace.published_labels(record.id), PublishedLabels)
        except DamagedFile as error:
            damaged.append(str(error))
        yield record if said is None else record.model_copy(update=dict(said))
