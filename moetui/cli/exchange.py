"""Commands that exchange runs with other programs: export, import."""

from pathlib import Path
from typing import Annotated

import typer

from moetui.cli.look import RunsArgument
from moetui.cli.output import JsonOption, print_json, say
from moetui.cli.place import lab


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("export")(export_runs)
    app.command("import")(import_paths)


def export_runs(
    references: RunsArgument,
    to: Annotated[
        Path, typer.Option("--to", help="A file with the suffix of the format for all runs, or a directory.")
    ],
    kind: Annotated[
        str,
        typer.Option("--format", help="csv, jsonl, parquet, tensorboard, metrics-json, experiment-log or records."),
    ] = "csv",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: JsonOption = False,
) -> None:
    """Write the measurements of runs for other programs: --to curves.csv, --to logs --format tensorboard.

    --to elsewhere/runs.json --format records adds the runs to another lab book without their directories.
    """
    from moetui.core.errors import UsageError
    from moetui.core.exchange.exporting import FORMATS, export
    from moetui.core.runs.detail import detail
    from moetui.core.runs.same_order import SameOrder

    chosen = next((one for one in FORMATS if one == kind), None)
    if chosen is None:
        raise UsageError(f"--format {kind}: there are {', '.join(FORMATS)}")
    runs = {record.id: record for record in map(lab().find, references)}
    beside = SameOrder(lab())
    written = export([detail(lab(), record, beside) for record in runs.values()], to, chosen, force=force)
    if json:
        print_json([{"path": str(path)} for path in written])
        return
    for path in written:
        typer.echo(str(path))


def import_paths(
    paths: Annotated[
        list[Path],
        typer.Argument(help="metrics.json, CSV, JSONL or Parquet files, TensorBoard logs, or directories of them."),
    ],
    group: Annotated[
        str, typer.Option("--group", help="A name that makes these runs replicates of one configuration.")
    ] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Add a tag.")] = None,
    json: JsonOption = False,
) -> None:
    """Take in runs that were trained elsewhere. In directories, metrics.json files and TensorBoard logs are found."""
    from moetui.core import format as fmt
    from moetui.core.exchange.importing import import_runs, read_all

    done = import_runs(lab(), read_all(paths), tags=tag or [], group=group)
    for run in (*done.new, *done.known):
        for note in done.notes[run.id]:
            say(f"{run.id} {run.name}: {note}")
    for run in done.known:
        where = f"; it is deleted, `moetui restore {run.id}` brings it back" if run.deleted is not None else ""
        say(f"{run.id} {run.name}: was imported before{where}")
    if json:
        print_json([run.model_dump() for run in done.new])
        return
    for run in done.new:
        loss = fmt.loss(run.final.val_loss if run.final else None)
        typer.echo(f"{run.id} {run.name}: {run.update} updates, validation loss {loss}")
