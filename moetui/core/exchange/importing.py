"""Making runs of other programs runs of the workspace: all that were named, or none."""

import math
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.runfiles.durable import sync_directory
from engine.runfiles.history import History
from engine.runfiles.jsonfile import write_file
from engine.runfiles.metrics import Record, lines_of
from engine.runfiles.rundir import ImportFile, Labels, Result, RunDir, RunFile, Scores
from moetui.core.catalogue.records import IMPORTED, RunRecord
from moetui.core.errors import LabError
from moetui.core.exchange.foreign import ForeignRun
from moetui.core.planning.plan import group_of
from moetui.core.runs.current import current
from moetui.core.runs.journal import FILLING, operation
from moetui.core.runs.lab import Lab
from moetui.core.runs.new_record import record_of_import

_REAL = (int, float)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import: the new runs, those that were there already, and by run id what their sources lack."""

    new: tuple[RunRecord, ...]
    known: tuple[RunRecord, ...]
    notes: dict[str, tuple[str, ...]]


def import_runs(lab: Lab, runs: Sequence[ForeignRun], *, tags: Iterable[str] = (), group: str = "") -> Imported:
    """Write a directory and a record for each run; one that was imported before is left as it is.

    `group` makes the runs replicates of one configuration. Raises `LabError`; then nothing has been imported.
    """
    fresh = {run.id: run for run in runs}
    there = {record.id: record for record in (*lab.records(), *lab.records(deleted=True))}
    labels = tuple(dict.fromkeys((IMPORTED, *tags)))
    new = [run for run_id, run in fresh.items() if run_id not in there]
    if taken := [folder for run in new if (folder := lab.workspace.runs / run.id).exists()]:
        raise LabError(
            f"{taken[0]} is in the way; `moetui doctor --fix` adds it to the catalogue; nothing was imported"
        )
    now = time.time()
    records: list[RunRecord] = []
    try:
        lab.workspace.runs.mkdir(exist_ok=True)
        lab.found_catalogue()
        with operation(lab, "import", [run.id for run in new]):
            for order, run in enumerate(new):
                folder = lab.workspace.runs / run.id
                said = Labels(name=run.name, tags=labels)
                origin = _write(folder, run, said, group=group, created=now + order * 1e-3)
                records.append(_record(lab, folder, origin, said))
            sync_directory(lab.workspace.runs)
            lab.catalogue.add(records)
    except OSError as error:
        where = error.filename or lab.workspace.runs
        raise LabError(f"{where}: {error.strerror or error}; nothing was imported") from None
    return Imported(
        tuple(records),
        tuple(there[run_id] for run_id in fresh if run_id in there),
        {run_id: run.notes for run_id, run in fresh.items()},
    )


def _record(lab: Lab, folder: Path, origin: ImportFile, labels: Labels) -> RunRecord:
    run = RunDir(folder)
    record = record_of_import(run, origin, labels, str(folder.relative_to(lab.workspace.root)))
    return current(record, run)[0]


def _write(folder: Path, run: ForeignRun, labels: Labels, *, group: str, created: float) -> ImportFile:
    """Write a run directory as a whole: it is filled under another name first, which the journal knows as well."""
    ended = end_of(run, created)
    origin = import_file(run, ended, group=group, created=created)
    inside = RunDir(folder.with_name(f"{FILLING}{run.id}"))
    inside.path.mkdir()
    with inside.metrics_file.open("xb") as metrics:
        metrics.writelines(lines_of(run.records))
        metrics.flush()
        os.fsync(metrics.fileno())
    if run.config is not None:
        entry = RunFile(id=run.id, name=run.name, group=origin.group, created=created, config=run.config)
        write_file(inside.config_file, entry, durable=True)
    write_file(inside.import_file, origin, durable=True)
    write_file(inside.labels_file, labels, durable=True)
    write_file(inside.result_file, ended, durable=True)
    inside.path.replace(folder)
    return origin


def import_file(run: ForeignRun, ended: Result, *, group: str, created: float) -> ImportFile:
    """What is known of a run apart from its curves."""
    settings = dict(run.settings)
    lr = settings.get("optimizer.lr")
    if lr is None:  # the peak of the curve is the learning rate that the schedule had
        rates = _numbers(run, run.records, "lr")
        peak = max(rates if all(map(math.isfinite, rates)) else filter(math.isfinite, rates), default=0)
        lr = peak if peak > 0 else None
    return ImportFile(
        id=run.id,
        name=run.name,
        source=str(run.source.absolute()),
        format=run.format,
        # Of an unknown configuration nobody can say that another run shares it.
        group=group or (group_of(run.config) if run.config else run.id),
        created=created,
        seed=settings.get("seed"),
        updates=ended.updates,
        lr=lr,
        settings=settings,
        facts=dict(run.facts),
        notes=run.notes,
    )


def end_of(run: ForeignRun, created: float) -> Result:
    """The end of a run from its curves; the time of the import stands for that of the end, which sources do not tell."""
    history = History(run.source)  # of which nothing is read: the records are here
    history.take(run.records)
    records = history.records
    last = max(record["update"] for record in records)
    evaluations = [
        scores
        for record in (records if "val_loss" in run.keys else ())
        if "val_loss" in record and (scores := _scores(record)) is not None
    ]
    final = max(evaluations, key=lambda scores: scores.update, default=None)
    if run.final:
        final = _scores({"update": last, **(final.model_dump() if final else {}), **run.final})
    finite = [scores for scores in evaluations if math.isfinite(scores.val_loss) and scores.update > 0]
    broken = final is not None and not math.isfinite(final.val_loss)
    tokens = [value for value in _numbers(run, records, "tokens") if isinstance(value, int)]
    return Result(
        status="diverged" if broken else "finished",
        reason=f"the last validation loss is {final.val_loss}" if broken and final else "",
        update=last,
        updates=max(last, run.updates or 0),
        session=records[-1].get("session", 1),
        tokens=max(tokens, default=0),
        seconds=run.seconds if run.seconds is not None else max(_numbers(run, records, "seconds"), default=0.0),
        ended=created,
        final=None if broken else final,
        best=min(finite, key=lambda scores: scores.val_loss, default=None),
        stopped_early=run.stopped_early,
    )


def _numbers(run: ForeignRun, records: Sequence[Record], key: str) -> Sequence[float]:
    """The numbers of a key in some of the records of a run, which may be a million."""
    if key not in run.keys:
        return ()
    return [value for record in records if isinstance(value := record.get(key), _REAL)]


def _scores(record: dict[str, object]) -> Scores | None:
    loss, accuracy, perplexity = (record.get(key) for key in ("val_loss", "val_accuracy", "val_perplexity"))
    if not isinstance(loss, int | float):
        return None
    if not isinstance(perplexity, int | float):
        perplexity = math.exp(loss) if loss < 700 else loss if math.isnan(loss) else math.inf
    seconds = record.get("seconds")
    return Scores(
        update=int(str(record["update"])),
        val_loss=loss,
        val_accuracy=accuracy if isinstance(accuracy, int | float) else None,
        val_perplexity=perplexity,
        seconds=seconds if isinstance(seconds, int | float) else None,
    )
