"""The command `ls`: which runs there are, by the same filter, keys and groups as in the terminal interface."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from moetui.cli.output import JsonOption, print_json, print_table
from moetui.cli.place import lab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from moetui.core.catalogue.records import RunRecord
    from moetui.core.query.fields import Field
    from moetui.core.query.grouping import Together

COLUMNS = "id,name,status,lr,seed,updates,val_loss,best_loss,val_accuracy,created,tag"
SPARE = ("tag", "created", "best_loss", "val_accuracy", "seed")
"""Those of them that a narrow terminal does without, the first one first; what was asked for is always shown."""


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("ls")(list_runs)


def list_runs(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Only runs that the filter lets through (docs/cli.md).", show_default=False),
    ] = None,
    sort: Annotated[
        str,
        typer.Option(
            help="Sort by a key, such as val_loss or schedule.warmup; -KEY turns it around.", show_default=False
        ),
    ] = "",
    group_by: Annotated[
        str, typer.Option(help="Tell groups instead of runs: preset, study, group or any key.", show_default=False)
    ] = "",
    columns: Annotated[str, typer.Option(help="The keys to show, with commas between.", show_default=False)] = COLUMNS,
    differing: Annotated[
        bool,
        typer.Option("--differing", help="Leave out columns that say the same of all; add the settings that differ."),
    ] = False,
    archived: Annotated[bool, typer.Option("--archived", help="List archived runs as well.")] = False,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="List the deleted runs, which `restore` brings back.")
    ] = False,
    ids: Annotated[bool, typer.Option("--ids", help="Print ids only, for other commands.")] = False,
    json: JsonOption = False,
) -> None:
    """List the runs, the newest first. The words filter: quickstart status:finished 'lr>=0.05' not tag:old.

    Examples: `moetui ls 'warmup=0.1 or floor>0.2' --sort val_loss`, `moetui rm $(moetui ls status:failed --ids)`.
    """
    from moetui.core.query.fields import field
    from moetui.core.query.filtering import parse_filter
    from moetui.core.query.grouping import measure_of, together
    from moetui.core.query.ordering import ordered

    wanted = parse_filter(_line(words or []))
    found = lab().records(deleted=True) if deleted else lab().snapshot().runs
    shown = archived or deleted or wanted.asks_archived
    runs = [run for run in found if (shown or run.archived is None) and wanted.matches(run)]
    if sort:
        runs = ordered(runs, field(sort.removeprefix("-")), descending=sort.startswith("-"))
    asked = [field(key.strip()) for key in columns.split(",") if key.strip()]
    if ids:
        typer.echo("\n".join(run.id for run in runs), nl=bool(runs))
    elif group_by:
        measure = measure_of(sort.removeprefix("-"))
        _print_groups(together(runs, field(group_by), measure), measure, json=json)
    elif json:
        print_json([run.model_dump() for run in runs])
    else:
        spare = [field(key).title for key in SPARE] if columns == COLUMNS else []
        _print_runs(runs, _differing(runs, asked) if differing else asked, spare)


def _line(words: "Sequence[str]") -> str:
    """The filter of these arguments. An empty one, such as a variable of the shell without a value, would mean all runs."""
    from moetui.core.query.filtering import FilterError

    if all(word.strip() for word in words):
        return " ".join(words)
    raise FilterError("a word of the filter is empty; `moetui ls` without words lists all runs")


def _differing(runs: "Sequence[RunRecord]", asked: "Sequence[Field]") -> "list[Field]":
    from moetui.core.query.fields import field
    from moetui.core.studies.differing import differing_settings

    told = [
        one for one in asked if one.key in ("id", "name") or any(one.read(run) != one.read(runs[0]) for run in runs)
    ]
    return [*told, *(field(key) for key in differing_settings(runs) if key not in ("optimizer.lr", "training.updates"))]


def cells(run: "RunRecord", asked: "Sequence[Field]") -> list[str]:
    """What a list says of a run."""
    return [f"{run.update}/{run.updates}" if one.key == "updates" else one.write(run) or "–" for one in asked]


def _print_runs(runs: "Sequence[RunRecord]", asked: "Sequence[Field]", spare: "Sequence[str]") -> None:
    rows = [cells(run, asked) for run in runs]
    right = [one.title for one in asked if one.kind not in ("text", "moment")]
    print_table([one.title for one in asked], rows, right=right, spare=spare)


def _print_groups(groups: "Sequence[Together]", measure: "Field", *, json: bool) -> None:
    if json:
        print_json([_group_row(group, measure) for group in groups])
        return
    rows = []
    for group in groups:
        numbers = [measure.written(value) or "–" for value in (group.best, group.mean, group.sd)]
        states = ", ".join(f"{count} {state}" for state, count in group.states)
        rows.append([group.title, str(len(group.runs)), *numbers, states])
    headers = ["group", "runs", f"best {measure.title}", "mean", "sd", "state"]
    print_table(headers, rows, right=headers[1:5])


def _group_row(group: "Together", measure: "Field") -> dict[str, Any]:
    return {
        "title": group.title,
        "runs": [run.id for run in group.runs],
        "measure": measure.key,
        "best": group.best,
        "mean": group.mean,
        "sd": group.sd,
        "states": dict(group.states),
    }
