"""Runs that were trained elsewhere, as records of the catalogue."""

from engine.rundir import ImportFile, Labels, RunDir
from moetui.core.enqueue import record_of
from moetui.core.records import IMPORTED, RunRecord


def record_of_import(run: RunDir, origin: ImportFile, labels: Labels, path: str) -> RunRecord:
    """The record of an imported run, apart from its scores. What its source does not tell is None, never a default.

    Raises `DamagedFile` if it has a config.json that cannot be read.
    """
    if run.config_file.exists():
        record = record_of(run.config(), labels, path)
    else:
        record = RunRecord(
            id=origin.id,
            name=labels.name,
            status="finished",
            seed=origin.seed,
            lr=origin.lr,
            settings={key: value for key, value in origin.settings.items() if key != "seed"},
            created=origin.created,
            tags=labels.tags,
            note=labels.note,
            archived=labels.archived,
            path=path,
        )
    return record.model_copy(
        update={"group": origin.group, "updates": origin.updates, "backend": IMPORTED, "source": origin.source}
    )
