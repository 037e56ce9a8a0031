"""Commands about learning rates across sizes: coordcheck, transfer."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from moetui.cli.output import JsonOption, print_json, print_table, say
from moetui.cli.place import lab
from moetui.cli.response import VariedArgument
from moetui.cli.start import SetOption

if TYPE_CHECKING:
    from moetui.core.science.coordinates import Slope


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(coordcheck)
    app.command()(transfer)


def coordcheck(
    preset: Annotated[str, typer.Argument(help="A preset of one run, such as base/moe-tiny.", show_default=False)],
    widths: Annotated[str, typer.Option(help="Widths to compare, with commas between them.")] = "32,64,128",
    updates: Annotated[str, typer.Option(help="After how many updates to measure.")] = "1,3,10",
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Measure each width with so many seeds.")] = 1,
    assignments: SetOption = None,
    json: JsonOption = False,
) -> int:
    """Check whether the first updates move the parts of a model alike at every width, as they must for the rate to transfer.

    Exit code 1 if a slope lies outside its target. Example:
    `moetui coordcheck base/moe-tiny --set model.parametrization=spectral --set model.base_width=64`.
    """
    from moetui.cli.chart import print_chart
    from moetui.core.planning.ladder import base_config
    from moetui.core.planning.settings import parse_assignment
    from moetui.core.runs.coordcheck import CoordinateCheck, prepared
    from moetui.core.science.coordinates import conclusion, headers, passed, rows, slopes
    from moetui.tui.launch.coordinates_chart import coordinates_chart

    base = base_config(lab().library(), preset, dict(map(parse_assignment, assignments or [])))
    configs = prepared(base, whole_numbers("--widths", widths), seeds)
    measured = CoordinateCheck(lab(), configs, whole_numbers("--updates", updates)).measured()
    found = slopes(measured)
    if json:
        print_json({"passed": passed(found), "slopes": list(map(_slope_row, found)), "measured": measured})
    else:
        print_table(headers(found), rows(found), right=headers(found)[1:-1])
        print_chart(coordinates_chart(measured))
        say(conclusion(found))
    return 0 if passed(found) else 1


def transfer(
    items: VariedArgument,
    to: Annotated[
        str, typer.Option(metavar="AXIS=SIZE", help="Say what it means for a size: width=1024.", show_default=False)
    ] = "",
    json: JsonOption = False,
) -> None:
    """Tell how the best learning rate moves with the size of the model or the training, and what that says of a larger one.

    Example: `moetui study base/moe-tiny --ladder width=64,96,128,192 --grid optimizer.lr=[0.02,0.028,0.04,0.057,0.08] --seeds 3`,
    then `moetui transfer base/moe-tiny --to width=256`.
    """
    from moetui.cli.chart import print_chart
    from moetui.core.errors import UsageError
    from moetui.core.planning.ladder import goal_of
    from moetui.core.studies import transfer_words as words
    from moetui.core.studies.gather import gather
    from moetui.core.studies.lookup import find_item
    from moetui.core.studies.transfer import transfers
    from moetui.tui.compare.transfer_chart import transfer_chart

    axis, size = goal_of(to) if to else ("", None)
    runs, library = lab().snapshot().runs, lab().library()
    records = {run.id: run for item in items for run in find_item(item, runs, library).records}
    found = [one for one in transfers(gather(lab(), records.values())) if axis in ("", one.axis)]
    if not found:
        raise UsageError(
            f"{' '.join(items)}: no sweeps of learning rates that differ in {axis or 'a size'} only; `study --ladder` runs some"
        )
    if json:
        print_json([words.tree(one, size) for one in found])
        return
    for place, one in enumerate(found):
        typer.echo("\n" * bool(place) + (one.name or f"Ladder over {one.axis}"))
        headers = words.size_headers(one)
        print_table(headers, words.size_rows(one), right=headers[:-1])
        typer.echo("\n".join(["", *words.sentences(one), *([words.prediction(one, size)] if size else [])]))
        print_chart(transfer_chart(one, size))


def whole_numbers(option: str, text: str) -> tuple[int, ...]:
    """The numbers of `32,64,128`, each at least 1. Raises `UsageError`."""
    from moetui.core.errors import UsageError

    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"{option} {text[:80]}: write whole numbers with commas between them, such as 32,64,128"
        ) from None
    if min(numbers) < 1:
        raise UsageError(f"{option} {text[:80]}: each is at least 1")
    return numbers


def _slope_row(one: "Slope") -> dict[str, Any]:
    return {
        "part": one.part,
        "update": one.update,
        "slope": one.slope,
        "target": list(one.target),
        "passed": one.passed,
    }
