"""Commands that exchange runs with other programs: export, import."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.spec.harmless import one_line
from moetui.cli.look import RunsArgument
from moetui.cli.output import JsonOption, print_json, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moetui.core.catalogue.records import RunRecord
    from moetui.core.exchange.importing import Imported


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
        typer.Option(
            "--format",
            help="csv, jsonl, parquet, tensorboard, wandb, trackio, mlflow, model-card, metrics-json, experiment-log or records; "
            "by default the one of the suffix, or csv.",
        ),
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: JsonOption = False,
) -> None:
    """Write the measurements of runs for other programs: --to curves.csv, --to logs --format tensorboard.

    study:NAME, group:NAME and preset:NAME stand for all of their runs. --to elsewhere/runs.json --format records adds the
    runs to another lab book without their directories.

    Examples: `moetui export quickstart --to curves.csv`, `moetui export study:NAME --to README.md`.
    """
    from moetui.core.errors import UsageError
    from moetui.core.exchange.exporting import KINDS, export, format_for
    from moetui.core.runs.detail import detail
    from moetui.core.runs.same_order import SameOrder

    kind = kind or format_for(to)
    if kind not in KINDS:
        raise UsageError(f"--format {kind}: there are {', '.join(KINDS)}")
    runs = {record.id: record for reference in references for record in _runs_of(reference)}
    beside = SameOrder(lab())
    written = export([detail(lab(), record, beside) for record in runs.values()], to, kind, force=force)
    if json:
        print_json([{"path": str(path)} for path in written])
        return
    for path in written:
        typer.echo(str(path))


def _runs_of(reference: str) -> "Sequence[RunRecord]":
    """The run of a reference, or the runs of the study, group or preset that it names."""
    from moetui.core.studies.lookup import find_item

    if reference.startswith(("study:", "group:", "preset:")):
        return find_item(reference, lab().records(), lab().library()).records
    return [lab().find(reference)]


def import_paths(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files or directories that other programs have written; --formats lists which."),
    ] = None,
    group: Annotated[
        str, typer.Option("--group", help="A name that makes these runs replicates of one configuration.")
    ] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Add a tag.")] = None,
    x: Annotated[
        str,
        typer.Option("--x", help="The column of the updates where it is not clear, such as epoch; row counts rows."),
    ] = "",
    run: Annotated[str, typer.Option("--run", help="The column that tells runs apart, where it is not clear.")] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Import nothing if a file in a directory holds no run.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what would be read as what, and import nothing.")
    ] = False,
    formats: Annotated[bool, typer.Option("--formats", help="List the formats, and import nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Take in runs that were trained elsewhere: log.csv, trainer_state.json, logs/, mlruns.

    In a directory, files with the names that programs give them are found, and those without a run are passed over.

    Example: `moetui import results/metrics.json`.
    """
    from moetui.core.collector import resting
    from moetui.core.errors import UsageError
    from moetui.core.exchange.explaining import explained, format_lines, trees
    from moetui.core.exchange.foreign import Choices
    from moetui.core.exchange.importing import import_runs
    from moetui.core.exchange.reading import read_all

    if formats:
        _list_formats(format_lines(), json=json)
        return
    if not paths:
        raise UsageError("name the files or directories to import")
    with resting():
        reading = read_all(paths, Choices(x=x, run=run), strict=strict)
        for line in reading.passed_over:
            say(f"passed over {line}")
        if not explain:
            _say_imported(import_runs(lab(), reading.runs, tags=tag or [], group=group), json=json)
        elif json:
            print_json(trees(reading))
        else:
            typer.echo("\n".join(explained(reading)))


def _say_imported(done: "Imported", *, json: bool) -> None:
    from moetui.core import format as fmt

    for new in (*done.new, *done.known):
        for note in done.notes[new.id]:
            say(one_line(f"{new.id} {new.name}: {note}"))
    for known in done.known:
        where = f"; it is deleted, `moetui restore {known.id}` brings it back" if known.deleted is not None else ""
        say(one_line(f"{known.id} {known.name}: was imported before{where}"))
    if json:
        print_json([new.model_dump() for new in done.new])
        return
    for new in done.new:
        loss = fmt.loss(new.final.val_loss if new.final else None)
        typer.echo(one_line(f"{new.id} {new.name}: {new.update} updates, validation loss {loss}"))


def _list_formats(lines: list[dict[str, str]], *, json: bool) -> None:
    if json:
        print_json(lines)
        return
    for line in lines:
        typer.echo(f"{line['name']:<17} {line['does']:<16} {line['about']}")
