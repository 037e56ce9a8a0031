"""The record that a run has when it comes into the catalogue."""

from engine.runfiles.rundir import ImportFile, Labels, RunDir, RunFile
from moetui.core.catalogue.records import IMPORTED, RunRecord
from moetui.core.planning.settings import own_settings


def record_of(entry: RunFile, labels: Labels, path: str) -> RunRecord:
    """The record of a run that has not started."""
    config = entry.config
    return RunRecord(
        id=entry.id,
        name=labels.name,
        preset=entry.preset,
        study=entry.study,
        group=entry.group,
        seed=config.seed,
        status="queued",
        updates=config.training.updates,
        lr=config.optimizer.lr,
        point=entry.point,
        settings=own_settings(config),
        created=entry.created,
        tags=labels.tags,
        note=labels.note,
        archived=labels.archived,
        parent=entry.parent.id if entry.parent else "",
        branch=entry.parent is not None and entry.parent.branch,
        backend=entry.backend,
        parameters=config.model.parameters,
        active_parameters=config.model.active_parameters,
        tokens_per_update=config.tokens_per_update,
        path=path,
    )


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
