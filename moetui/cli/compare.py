"""Commands that set runs side by side: compare, diff."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from moetui.cli.output import JsonOption, print_json, print_table
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.science.comparison import Comparison
    from moetui.core.science.difference import Difference
    from moetui.core.science.groups import Group
    from moetui.core.science.measure import Measure
    from moetui.core.science.pareto import Priced

ItemsArgument = Annotated[
    list[str],
    typer.Argument(help="Runs, names, groups, presets or studies; preset:NAME says which.", show_default=False),
]
MetricOption = Annotated[str, typer.Option("--metric", "-m", help="val_loss, val_accuracy, val_perplexity or seconds.")]
BestOption = Annotated[bool, typer.Option("--best/--final", help="Take each run's best score, or its last.")]


class Against(StrEnum):
    """What settings are compared with."""

    best = "best"
    first = "first"
    all = "all"


class Pairing(StrEnum):
    """Whether runs of the same seed are compared in pairs."""

    auto = "auto"
    always = "always"
    never = "never"


class Cost(StrEnum):
    """What a setting costs."""

    seconds = "seconds"
    tokens = "tokens"
    flops = "flops"
    memory = "memory"


PairedOption = Annotated[
    Pairing,
    typer.Option("--seed-paired", help="Compare runs of the same seed in pairs; auto: where enough are shared."),
]


VALUE_HEADERS = ("n", "diverged", "mean", "sd")
VERDICT_HEADERS = ("difference", "seed sd", "verdict", "needs")
NUMBERS = ("n", "diverged", "mean", "sd", "difference", "seed sd", "needs")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(compare)
    app.command()(diff)


def compare(
    items: ItemsArgument,
    metric: MetricOption = "val_loss",
    best: BestOption = False,
    against: Annotated[Against, typer.Option(help="With the best, the first one named, or all with each other.")] = (
        Against.best
    ),
    seed_paired: PairedOption = Pairing.auto,
    cost: Annotated[
        Cost | None, typer.Option(help="Add the mean cost, and * where nothing is better and cheaper.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare settings over their seeds: means, intervals, and a verdict where the seeds allow one.

    Examples: `moetui compare schedule/all`, `moetui compare preset:base/moe-tiny mine/other --metric val_accuracy --best`.
    """
    from moetui.core.gather import gather
    from moetui.core.items import find_item
    from moetui.core.science import comparison, trees
    from moetui.core.science.caveats import caveats
    from moetui.core.science.groups import groups
    from moetui.core.science.measure import measure
    from moetui.core.science.pareto import priced

    wanted = measure(metric, at="best" if best else "final")
    runs_here = lab().snapshot().runs
    found = [find_item(item, runs_here) for item in items]
    records = list({run.id: run for item in found for run in item.records}.values())
    judged = comparison.compare(groups(records, wanted), wanted, against=against.value, pairing=seed_paired.value)
    runs = gather(lab(), records)
    counted = {sample.record.id for group in judged.groups for sample in (*group.counted, *group.diverged)}
    unequal = caveats(run for run in runs if run.record.id in counted)
    prices = priced(judged.groups, runs, cost.value, wanted) if cost else ()
    if json:
        tree = trees.comparison_tree(judged, unequal)
        costs = [{"group": p.group.key, "cost": p.cost, "front": p.front} for p in prices]
        print_json(tree | ({"cost": cost.value, "costs": costs} if cost else {}))
        return
    _print_comparison(judged, prices, cost.value if cost else "")
    for caveat in unequal:
        typer.echo(f"Caution: {caveat.text}.")


def _print_comparison(judged: "Comparison", prices: "tuple[Priced, ...]", cost: str) -> None:
    from moetui.core.science import wording

    by_key = {price.group.key: price for price in prices}
    pairs = judged.against == "all"
    headers = ["setting", *VALUE_HEADERS, *([cost] if cost else []), *([] if pairs else VERDICT_HEADERS)]
    rows = [
        [
            group.label,
            *value_cells(group, judged.measure),
            *([_price(by_key[group.key])] if cost else []),
            *([] if pairs else verdict_cells(judged.of(group), judged.measure)),
        ]
        for group in judged.groups
    ]
    if judged.reference is not None:
        typer.echo(legend(judged.measure, judged.reference.label))
    print_filled(headers, rows, right=(*NUMBERS, cost))
    if pairs:
        typer.echo()
        cells = [[one.first.label, one.second.label, *verdict_cells(one, judged.measure)] for one in judged.differences]
        print_filled(["setting", "against", *VERDICT_HEADERS], cells, right=NUMBERS)
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


def legend(measure: "Measure", reference: str) -> str:
    """The line above a table of values and verdicts."""
    return (
        f"{measure.title}; differences are from {reference}; ± is half the 95 % interval; "
        "needs: seeds each that would decide"
    )


def print_filled(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str]) -> None:
    """A table without the columns in which nothing stands."""
    filled = [index for index in range(len(headers)) if any(row[index] for row in rows)]
    print_table([headers[i] for i in filled], [[row[i] for i in filled] for row in rows], right=right)


def value_cells(group: "Group", measure: "Measure") -> list[str]:
    """The cells under `VALUE_HEADERS`."""
    from moetui.core.science import wording

    summary = group.summary
    return [
        str(group.n),
        str(len(group.diverged) or ""),
        wording.spread(summary.mean, summary.low, summary.high, measure),
        measure.gap(summary.sd),
    ]


def verdict_cells(one: "Difference | None", measure: "Measure") -> list[str]:
    """The cells under `VERDICT_HEADERS`; empty for the setting that the others are compared with."""
    from moetui.core.science import wording

    if one is None:
        return ["", "", "", ""]
    sign = "+" if one.estimate is not None and one.estimate > 0 else ""
    undecided = one.verdict == "not distinguishable"
    return [
        wording.spread(one.estimate, one.low, one.high, measure, sign=sign),
        "" if one.effect is None else f"{one.effect:+.1f}",
        wording.judgement(one),
        str(one.seeds_needed or "") if undecided else "",
    ]


def _price(price: "Priced") -> str:
    from moetui.core import format as fmt

    return f"{fmt.count(price.cost)}{' *' if price.front else ''}"


def diff(items: ItemsArgument, json: JsonOption = False) -> None:
    """Show the keys in which configurations differ. Items are runs, settings or presets: `moetui diff RUN preset:quickstart`."""
    from moetui.core.differing import differing, side
    from moetui.core.errors import UsageError

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
