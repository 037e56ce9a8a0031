"""The command that divides a budget into sizes, rates and seeds."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from moetui.cli.asking import YesOption
from moetui.cli.executed import executed
from moetui.cli.launched import FollowOption, PlainOption
from moetui.cli.offer import DryRunOption, offer
from moetui.cli.output import JsonOption, print_table, say
from moetui.cli.place import lab
from moetui.cli.start import SetOption

if TYPE_CHECKING:
    from moetui.core.cluster.execution import Execution
    from moetui.core.planning.ladder import Ladder
    from moetui.core.science.splits import Ground
    from moetui.core.studies.splits import Planned, Question, Split


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(plan)


@executed
def plan(
    preset: Annotated[
        str, typer.Argument(metavar="study", help="A study of one preset, such as transfer/width.", show_default=False)
    ],
    precision: Annotated[
        float,
        typer.Option(min=0.001, max=2.0, help="Half the 95 % interval of ln lr* that is wanted; 0.1 is ×/÷ 1.11."),
    ] = 0.1,
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="Device time that may be spent: 90m, 4h, 2d.", show_default=False)
    ] = "",
    to: Annotated[
        str, typer.Option(metavar="AXIS=SIZE", help="The size in question: width=256.", show_default=False)
    ] = "",
    ladder: Annotated[
        str, typer.Option(metavar="AXIS=SIZES", help="With --to: sizes that may be run.", show_default=False)
    ] = "",
    assignments: SetOption = None,
    *,
    execution: "Execution",
    follow: FollowOption = True,
    plain: PlainOption = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> int:
    """Divide a budget into sizes, learning rates and seeds so that the best rate becomes sure, and queue the runs.

    Each split is shown with the interval that it is expected to give, from the noise and curvature seen so far or stated defaults.
    Examples: `moetui plan transfer/width --precision 0.1 --budget 4h --dry-run`,
    `moetui plan transfer/width --to width=256 --ladder width=32,48,64,96,128 --budget 2h`.
    """
    from moetui.core.errors import NotFoundError
    from moetui.core.machine.devices import devices as every_device
    from moetui.core.planning.ladder import base_config
    from moetui.core.planning.settings import parse_assignment
    from moetui.core.studies.estimate import pace
    from moetui.core.studies.gather import gather
    from moetui.core.studies.lookup import find_item
    from moetui.core.studies.progress import survey
    from moetui.core.studies.splits import Question, planned

    settings = dict(map(parse_assignment, assignments or []))
    sizes, goal = _sizes(to, ladder)
    question = Question(
        preset=preset, settings=settings, ladder=sizes, goal=goal, precision=precision, budget=_seconds(budget)
    )
    library, runs = lab().library(), lab().snapshot().runs
    base = base_config(library, preset, settings)
    try:
        records = find_item(preset, runs, library).records
    except NotFoundError:
        records = ()
    found = planned(library, question, base, gather(lab(), records), runs, pace(lab().records(), every_device()))
    if not (json and dry_run):
        _show(question, found, stdout=dry_run)
    return offer(
        survey(found.runs, runs),
        execution,
        follow=follow,
        plain=plain,
        yes=yes,
        dry_run=dry_run,
        json=json,
        facts=_facts(question, found),
    )


def _sizes(to: str, ladder: str) -> "tuple[Ladder | None, float | None]":
    """The sizes that may be run and the one in question. Raises `UsageError` unless both are given, of one axis, or neither."""
    from moetui.cli.transfer import goal_of
    from moetui.core.errors import UsageError
    from moetui.core.planning.ladder import parse_ladder

    if not to and not ladder:
        return None, None
    if not to or not ladder:
        raise UsageError("a size is told from others: give both --to width=256 and --ladder width=32,48,64,96,128")
    axis, size = goal_of(to)
    sizes = parse_ladder(ladder)
    if axis != sizes.axis:
        raise UsageError(f"--to {to}: the sizes of --ladder are of another axis, {sizes.axis}")
    if len(sizes.sizes) < 3 or len(sizes.sizes) > 10:
        raise UsageError(f"--ladder {ladder[:80]}: a plan chooses among three to ten sizes")
    return sizes, size


def _seconds(budget: str) -> float | None:
    from moetui.core.errors import UsageError
    from moetui.core.planning.typed_values import duration

    if not budget:
        return None
    found = duration(budget.strip())
    if found is None or not 0 < found.low < 1e10:
        raise UsageError(f"--budget {budget[:80]}: write a time, such as 90m, 4h or 2d")
    return found.low


def _show(question: "Question", found: "Planned", *, stdout: bool) -> None:
    from moetui.core import format as fmt

    say(_ground(found.known))
    rows = [
        [
            "→" if split is found.chosen else "",
            _sizes_text(split),
            str(split.rates),
            str(split.seeds),
            f"×/÷ {split.outlook.factor:.2f}" if split.outlook.half < 9 else "any",
            f"{split.outlook.inside:.0%}",
            str(split.runs),
            fmt.duration(split.seconds),
        ]
        for split in found.splits
    ]
    headers = ["", "sizes", "rates", "seeds", "expected", "inside", "to run", "device time"]
    print_table(headers, rows, right=headers[2:], stdout=stdout)
    say(_verdict(question, found.chosen))


def _sizes_text(split: "Split") -> str:
    return ", ".join(map(str, split.sizes)) or "as it is"


def _ground(known: "Ground") -> str:
    figures = f"noise {known.noise:.3g} nats a run, curvature {known.curvature:.3g} nats per ln(lr)²"
    if known.sizes:
        return f"Expected from {known.sizes} size{'s' * (known.sizes > 1)} measured here: {figures}."
    return f"Nothing was measured here with two seeds, so defaults stand: {figures}."


def _verdict(question: "Question", chosen: "Split") -> str:
    what = f"the best rate at {question.ladder.axis} {question.goal:g}" if question.ladder else "the best rate"
    width = f"{what} within ×/÷ {chosen.outlook.factor:.2f} (95 %, half width {chosen.outlook.half:.2g} of ln lr*)"
    alone = " An interval of three sizes is that of their noise alone; four show the error of the line." * (
        len(chosen.sizes) == 3
    )
    if chosen.reaches(question.precision):
        return (
            f"Proposed (→), the cheapest that reaches --precision {question.precision:g}: {width} is expected.{alone}"
        )
    return (
        f"--precision {question.precision:g} is not within reach; the narrowest (→) is expected to tell {width}.{alone}"
    )


def _facts(question: "Question", found: "Planned") -> dict[str, Any]:
    return {
        "to": question.goal,
        "axis": question.ladder.axis if question.ladder else None,
        "precision": question.precision,
        "budget": question.budget,
        "noise": found.known.noise,
        "curvature": found.known.curvature,
        "sizes_measured": found.known.sizes,
        "splits": [_row(split) | {"proposed": split is found.chosen} for split in found.splits],
    }


def _row(split: "Split") -> dict[str, Any]:
    return {
        "sizes": list(split.sizes),
        "rates": split.rates,
        "seeds": split.seeds,
        "half_width": split.outlook.half,
        "inside": split.outlook.inside,
        "runs_due": split.runs,
        "seconds": split.seconds,
    }
