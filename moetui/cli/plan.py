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
    from moetui.core.planning.settings import parse_assignment
    from moetui.core.studies.progress import survey
    from moetui.core.studies.split_question import answer, question

    settings = dict(map(parse_assignment, assignments or []))
    asked = question(preset, settings, precision=precision, budget=budget, to=to, ladder=ladder)
    found = answer(lab(), asked)
    if not (json and dry_run):
        _show(asked, found, stdout=dry_run)
    return offer(
        survey(found.runs, lab().snapshot().runs),
        execution,
        follow=follow,
        plain=plain,
        yes=yes,
        dry_run=dry_run,
        json=json,
        facts=_facts(asked, found),
    )


def _show(asked: "Question", found: "Planned", *, stdout: bool) -> None:
    from moetui.core.studies.split_words import SPLIT_HEADERS, proposed, rests_on, split_rows

    say(rests_on(found.known))
    print_table(SPLIT_HEADERS, split_rows(found), right=SPLIT_HEADERS[2:], stdout=stdout)
    say(proposed(asked, found.chosen))


def _facts(asked: "Question", found: "Planned") -> dict[str, Any]:
    return {
        "to": asked.goal,
        "axis": asked.ladder.axis if asked.ladder else None,
        "precision": asked.precision,
        "budget": asked.budget,
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
