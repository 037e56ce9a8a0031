"""Commands that set runs side by side: compare, diff."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from moetui.cli.chart import print_losses, print_pareto, print_response
from moetui.cli.output import JsonOption, print_json, print_table
from moetui.cli.place import lab
from moetui.core.science.questions import Against, Cost, Pairing

if TYPE_CHECKING:
    from moetui.core.science.comparison import Comparison
    from moetui.core.science.pareto import Priced

ItemsArgument = Annotated[
    list[str],
    typer.Argument(help="Runs, names, groups, presets or studies; preset:NAME says which.", show_default=False),
]
MetricOption = Annotated[
    str, typer.Option("--metric", "-m", help="val_loss, val_accuracy, val_perplexity, seconds or accuracy_per_minute.")
]
BestOption = Annotated[bool, typer.Option("--best/--final", help="Take each run's best score, or its last.")]


PairedOption = Annotated[
    Pairing,
    typer.Option(
        "--seed-paired", help="Take out what a seed does to all settings; auto: where enough seeds are shared."
    ),
]
ToleranceOption = Annotated[
    float,
    typer.Option(min=0, max=1, help="Share of the best value by which a setting may be worse without it mattering."),
]


NAMES = ("setting", "against")
"""Columns of names, which may lose what all of them have in common."""
SPARE = ("diverged", "seed sd", "sd", "at most")
"""Columns whose facts stand elsewhere as well; a terminal without room for all does without these, the first ones first."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(compare)
    app.command()(diff)


def compare(
    items: ItemsArgument,
    metric: MetricOption = "val_loss",
    best: BestOption = False,
    against: Annotated[
        Against, typer.Option(help="With the best, the first one named, or all with each other.")
    ] = "best",
    seed_paired: PairedOption = "auto",
    tolerance: ToleranceOption = 0.01,
    cost: Annotated[
        Cost | None, typer.Option(help="Add the mean cost, and * where nothing is better and cheaper.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare settings over their seeds: means, intervals, and a verdict where the seeds allow one.

    Examples: `moetui compare schedule/all`, `moetui compare preset:base/moe-tiny mine/other --metric val_accuracy --best`.
    """
    from moetui.core.runs.published import published_beside
    from moetui.core.science import trees
    from moetui.core.science.caveats import reservations
    from moetui.core.science.factorial_words import factorial_sentences, factorial_tree
    from moetui.core.science.measure import measure
    from moetui.core.science.pareto import priced
    from moetui.core.studies.gather import gather
    from moetui.core.studies.judge import Terms, judge, responses
    from moetui.core.studies.lookup import find_item

    wanted = measure(metric, at="best" if best else "final")
    runs_here, library = lab().snapshot().runs, lab().library()
    found = [find_item(item, runs_here, library) for item in items]
    records = list({run.id: run for item in found for run in item.records}.values())
    runs = gather(lab(), records)
    terms = Terms(measure=wanted, against=against, pairing=seed_paired, tolerance=tolerance)
    judged = judge(runs, terms)
    prices = priced(judged.comparison.groups, runs, cost, wanted) if cost else ()
    if json:
        tree = trees.comparison_tree(judged.comparison, judged.unequal)
        costs = [{"group": p.group.key, "cost": p.cost, "front": p.front} for p in prices]
        tree["crossed"] = factorial_tree(judged.comparison.groups, wanted)
        print_json(tree | ({"cost": cost, "costs": costs} if cost else {}))
        return
    _print_comparison(judged.comparison, prices, cost or "")
    for sentence in factorial_sentences(judged.comparison.groups, wanted):
        typer.echo(sentence)
    for caveat in judged.unequal:
        typer.echo(f"Caution: {caveat.text}.")
    for note in reservations(records):
        typer.echo(f"Note: {note}")
    if cost:
        print_pareto(prices, wanted, cost)
    elif found_responses := responses(runs, terms, judged).responses:
        print_response(found_responses, published_beside(records, runs_here))
    else:
        print_losses(lab(), records)


def _print_comparison(judged: "Comparison", prices: "tuple[Priced, ...]", cost: str) -> None:
    from moetui.core.science import cells, wording

    by_key = {price.group.key: price for price in prices}
    pairs = judged.against == "all"
    at_most = cells.costs(judged)
    values, verdicts = cells.VALUE_HEADERS, cells.VERDICT_HEADERS
    headers = ["setting", *values, *([cost] if cost else []), *([] if pairs else verdicts)]
    rows = [
        [
            group.label,
            *cells.value_cells(group, judged.measure),
            *([cells.price(by_key[group.key])] if cost else []),
            *([] if pairs else cells.verdict_cells(judged.of(group), judged.measure, at_most.get(group.key))),
        ]
        for group in judged.groups
    ]
    if judged.reference is not None:
        typer.echo(cells.legend(judged, judged.reference.label))
    print_filled(headers, rows, right=(*cells.NUMBERS, cost))
    if pairs:
        typer.echo()
        table = [
            [one.first.label, one.second.label, *cells.verdict_cells(one, judged.measure)] for one in judged.differences
        ]
        print_filled(["setting", "against", *verdicts], table, right=cells.NUMBERS)
    if len(judged.groups) == 1:
        _print_runs(judged)
    for line in (*wording.without_value(judged.groups), wording.conclusion(judged)):
        typer.echo(line)


def _print_runs(judged: "Comparison") -> None:
    """The runs behind the only setting there is."""
    typer.echo()
    runs = [
        [
            one.record.id,
            one.record.name,
            "–" if one.record.seed is None else str(one.record.seed),
            judged.measure.text(one.value),
        ]
        for group in judged.groups
        for one in group.counted
    ]
    print_table(["id", "name", "seed", judged.measure.key], runs, right=("seed", judged.measure.key))


def print_filled(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str]) -> None:
    """A table of settings without the columns in which nothing stands; a narrow terminal does without those in `SPARE`."""
    filled = [index for index in range(len(headers)) if any(row[index] for row in rows)]
    shown = [[row[i] for i in filled] for row in rows]
    print_table([headers[i] for i in filled], shown, right=right, names=NAMES, spare=SPARE)


def diff(items: ItemsArgument, json: JsonOption = False) -> None:
    """Show the keys in which configurations differ. Items are runs, settings or presets: `moetui diff RUN preset:quickstart`.

    Example: `moetui diff k3f9 preset:quickstart`.
    """
    from moetui.core.errors import UsageError
    from moetui.core.studies.differing import differing, side

    if len(items) < 2:
        raise UsageError("diff: name at least two runs, settings or presets")
    sides = [side(lab(), item) for item in items]
    rows = differing(sides)
    if json:
        names = [{"name": one.name, "runs": list(one.run_ids)} for one in sides]
        print_json({"sides": names, "differing": {key: list(values) for key, values in rows.items()}})
        return
    if not rows:
        typer.echo("The configurations are the same.")
        return
    table = [[key, *("–" if value is None else str(value) for value in values)] for key, values in rows.items()]
    print_table(["key", *(one.name for one in sides)], table)
