"""The command that writes the report of a study."""

from pathlib import Path
from typing import Annotated

import typer

from moetui.cli.output import JsonOption, print_json
from moetui.cli.place import lab


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(report)


def report(
    study: Annotated[
        str,
        typer.Argument(help="Study, preset, group or name; also of published or imported runs.", show_default=False),
    ],
    to: Annotated[
        Path | None, typer.Option("--output", "-o", help="Directory (default: reports/STUDY of the workspace).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an earlier report.")] = False,
    json: JsonOption = False,
) -> None:
    """Write a report: Markdown, one HTML file, figures, and every number with its runs.

    Examples: `moetui report schedule/all@tiny`, `moetui report exp/all -o exp8-report`.
    """
    from moetui.core.report.write import write_report

    written = write_report(lab(), study, to, force=force)
    if json:
        print_json([{"path": str(path)} for path in written])
        return
    for path in written:
        typer.echo(str(path))
