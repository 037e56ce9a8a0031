"""The command that shows how a score responds to the learning rate."""

from typing import TYPE_CHECKING, Annotated

import typer

from moetui.cli.chart import print_response
from moetui.cli.compare import BestOption, MetricOption, PairedOption, ToleranceOption, print_filled
from moetui.cli.output import JsonOption, print_json, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.science.response import Response

VariedArgument = Annotated[
    list[str],
    typer.Argument(help="Studies, presets, names or runs that vary the learning rate.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(response)


def response(
    items: VariedArgument,
    metric: MetricOption = "val_loss",
    best: BestOption = False,
    tolerance: ToleranceOption = 0.01,
    seed_paired: PairedOption = "auto",
    json: JsonOption = False,
) -> None:
    """Show how the score responds to the learning rate: best, safe zone, cliff, and what to try next.

    Example: `moetui response lr-report/phase-1@tiny`.
    """
    from moetui.core.runs.published import published_beside
    from moetui.core.science import findings, trees
    from moetui.core.science.measure import measure
    from moetui.core.science.propose import propose
    from moetui.core.studies.gather import gather
    from moetui.core.studies.judge import Terms, responses
    from moetui.core.studies.lookup import find_item

    wanted = measure(metric, at="best" if best else "final")
    runs_here = lab().snapshot().runs
    library = lab().library()
    found_items = [find_item(item, runs_here, library) for item in items]
    records = list({run.id: run for item in found_items for run in item.records}.values())
    terms = Terms(measure=wanted, pairing=seed_paired, tolerance=tolerance)
    found = responses(gather(lab(), records), terms)
    if not found.responses:
        raise _no_learning_rates(" ".join(items), found.settings)
    if json:
        tree = [trees.response_tree(one, propose(one)) for one in found.responses]
        lengths = [trees.agreement_tree(one) for one in found.across]
        print_json({"items": list(items), "responses": tree, "lengths": lengths})
        return
    published = published_beside(records, runs_here)
    for index, one in enumerate(found.responses):
        typer.echo("\n" * bool(index) + (f"{one.name}\n" if one.name else ""), nl=False)
        _print_response(one)
        print_response([one], published)
    for movement in found.across:
        typer.echo(f"\n{findings.movement(movement)}")
    if single := found.settings - len(found.responses):
        say(
            f"{single} setting{'s' if single > 1 else ''} with a single learning rate left out; `moetui compare` shows them"
        )


def _no_learning_rates(word: str, settings: int) -> Exception:
    from moetui.core.errors import UsageError

    what = "a single learning rate" if settings < 2 else f"{settings} settings with one learning rate each"
    return UsageError(
        f"{word} has {what}, so there is no response to show; `moetui compare {word}` compares its settings"
    )


def _print_response(response: "Response") -> None:
    from moetui.core.science import cells, findings, wording
    from moetui.core.science.propose import propose

    typer.echo(cells.response_legend(response))
    print_filled(cells.RESPONSE_HEADERS, list(cells.response_rows(response)), right=cells.NUMBERS)
    typer.echo()
    for line in (
        *findings.sentences(response),
        *wording.without_value([*(p.group for p in response.points), *response.untried]),
    ):
        typer.echo(line)
    for line in findings.correlations(response):
        typer.echo(line)
    for caveat in response.caveats:
        typer.echo(f"Caution: {caveat.text}.")
    for step in propose(response):
        typer.echo(findings.proposal(step))
