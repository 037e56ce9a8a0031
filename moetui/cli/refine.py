"""The command that goes on with a study where its results point."""

from typing import TYPE_CHECKING, Annotated

import typer

from moetui.cli.asking import YesOption
from moetui.cli.compare import BestOption, MetricOption, ToleranceOption
from moetui.cli.executed import executed
from moetui.cli.launched import FollowOption, PlainOption
from moetui.cli.offer import DryRunOption, offer
from moetui.cli.output import JsonOption, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.cluster.execution import Execution

StudyArgument = Annotated[
    str, typer.Argument(help="Study, preset or name whose runs vary the learning rate.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(refine)


@executed
def refine(
    study: StudyArgument,
    metric: MetricOption = "val_loss",
    best: BestOption = False,
    tolerance: ToleranceOption = 0.01,
    *,
    execution: "Execution",
    follow: FollowOption = True,
    plain: PlainOption = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> int:
    """Propose the next learning rates and seeds from the response so far, and queue them.

    It goes closer around the best, further out where the best is at the edge, and adds seeds where there is no verdict yet.
    Examples: `moetui refine lr-report/phase-1@tiny --dry-run`, `moetui refine quickstart --yes`.
    """
    import dataclasses

    from moetui.core.errors import UsageError
    from moetui.core.science import findings
    from moetui.core.science.measure import measure
    from moetui.core.studies.gather import gather
    from moetui.core.studies.judge import Terms
    from moetui.core.studies.lookup import find_item
    from moetui.core.studies.progress import survey
    from moetui.core.studies.refine import refine as refined

    runs = lab().snapshot().runs
    item = find_item(study, runs, lab().library())
    wanted = measure(metric, at="best" if best else "final")
    settings = refined(
        gather(lab(), item.records),
        Terms(measure=wanted, tolerance=tolerance),
        study=item.word if item.kind == "study" else "",
    )
    if not settings:
        raise UsageError(f"{item.word} has no runs of its own at two learning rates or more; `moetui study` runs them")
    if pending := sum(record.pending for record in item.records):
        say(f"{pending} of its runs have not ended; with their results this may look different.")
    for one in settings:
        for step in one.steps:
            say(f"{f'{one.response.name}: ' if one.response.name else ''}{findings.proposal(step)}")
    members = survey((run for one in settings for run in one.runs), runs)
    steps = [{"setting": one.response.name, **dataclasses.asdict(step)} for one in settings for step in one.steps]
    if not members:
        say(
            "Nothing to add: the best learning rate is known as well as this grid can tell, or no run has a result yet."
        )
        if not (dry_run and json):
            return 0
    return offer(
        members,
        execution,
        follow=follow,
        plain=plain,
        yes=yes,
        dry_run=dry_run,
        json=json,
        facts={"item": item.word, "steps": steps},
    )
