"""Rebuilds the catalogue from the run directories, and from the old one what no directory holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.runfiles.jsonfile import DamagedFile, read_file
from engine.runfiles.rundir import Labels, RunDir
from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.presets import Library
from moetui.core.runs.current import current
from moetui.core.runs.lab import Lab
from moetui.core.runs.new_record import record_of, record_of_import
from moetui.core.runs.published import PublishedLabels, published_records


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What was found: runs and published results now in the catalogue, and what is wrong with directories and documents.

    `damaged` says of each directory that could not be read what became of its record, `lost` names documents of the old file that
    make no record, and `kept` is where the old file is, if the new one differs.
    """

    runs: int
    published: int
    damaged: tuple[str, ...]
    lost: tuple[str, ...] = ()
    kept: Path | None = None


def reindex(lab: Lab) -> Reindexed:
    """Write the catalogue anew: from the directories, and from what the old one tells of runs that have none to be read.

    The old file is kept under another name. Raises `NewerCatalogueError` if it is of a newer version; nothing was changed then.
    """
    old = lab.catalogue.salvage()
    records: dict[str, RunRecord] = {}
    damaged: list[str] = []
    for path, deleted in _directories(lab):
        try:
            record = read_run(lab, path, deleted=deleted)
        except (DamagedFile, OSError) as error:
            known = path.name in old.records
            damaged.append(f"{error}; {'its record stays as it was' if known else 'it is left out'}")
        else:
            former = old.records.get(record.id)
            records[record.id] = record.model_copy(update=former.model_extra or {}) if former else record
    published = {record.id: record for record in _published(lab, damaged)}
    kept = {key: record for key, record in old.records.items() if key not in records and key not in published}
    everything = [*published.values(), *sorted([*kept.values(), *records.values()], key=lambda record: record.created)]
    aside = lab.catalogue.replace_all(everything)
    lost = tuple(key for key in old.lost if key not in records and key not in published)
    runs = len(everything) - len(published)
    return Reindexed(runs, len(published), tuple(damaged), lost, aside)


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


def _published(lab: Lab, damaged: list[str]) -> Iterator[RunRecord]:
    """The published results with what people said of them."""
    for record in published_records(Library.load()):
        said = None
        try:
            said = read_file(lab.workspace.published_labels(record.id), PublishedLabels)
        except DamagedFile as error:
            damaged.append(str(error))
        yield record if said is None else record.model_copy(update=dict(said))
