"""Commands that run once more what has been: resume, rerun, fork."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from moetui.cli.asking import TakeOverOption, taken_over
from moetui.cli.launched import FollowOption, PlainOption, launched
from moetui.cli.look import RunsArgument
from moetui.cli.output import JsonOption, complain_of
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(resume)
    app.command()(rerun)
    app.command()(fork)


def resume(
    references: RunsArgument,
    force: TakeOverOption = False,
    follow: FollowOption = True,
    plain: PlainOption = False,
    json: JsonOption = False,
) -> int:
    """Let runs that were stopped, killed or failed go on from their newest checkpoint, as if nothing had happened.

    Example: `moetui resume k3f9 --detach`.
    """
    from moetui.core.queue import resuming

    if not taken_over([lab().find(reference) for reference in references], force=force, done="resumed"):
        return 0
    return _start_each(references, lambda run: resuming.resume(lab(), run), follow=follow, plain=plain, json=json)


def rerun(
    references: RunsArgument, follow: FollowOption = True, plain: PlainOption = False, json: JsonOption = False
) -> int:
    """Start new runs of the same configurations, seeds included.

    Example: `moetui rerun base/moe-tiny`.
    """
    from moetui.core.queue import resuming

    return _start_each(references, lambda run: resuming.rerun(lab(), run), follow=follow, plain=plain, json=json)


def fork(
    references: RunsArgument,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Set a key of the configuration.")
    ] = None,
    checkpoint: Annotated[
        Literal["best", "last"], typer.Option(help="Which of the run's checkpoints to begin with.")
    ] = "best",
    follow: FollowOption = True,
    plain: PlainOption = False,
    json: JsonOption = False,
) -> int:
    """Start new runs that begin with the weights of others, with other settings from update 1 on.

    Example: `moetui fork k3f9 --set optimizer.lr=0.01 --set schedule.kind=linear --checkpoint last`.
    """
    from moetui.core.planning.settings import parse_assignment
    from moetui.core.queue import resuming

    settings = dict(map(parse_assignment, assignments or []))
    return _start_each(
        references,
        lambda run: resuming.fork(lab(), run, settings, checkpoint),
        follow=follow,
        plain=plain,
        json=json,
    )  # fmt: skip


def _start_each(
    references: list[str], act: "Callable[[RunRecord], RunRecord]", *, follow: bool, plain: bool, json: bool
) -> int:
    """Start something from each run; a run for which it fails does not keep the others from it."""
    from engine.runfiles.rundir import DamagedFile
    from moetui.core.errors import LabError

    started: list[RunRecord] = []
    code = 0
    for run in [lab().find(reference) for reference in references]:
        try:
            started.append(act(run))
        except (LabError, DamagedFile, OSError) as error:
            code = complain_of(error)
    return max(code, launched(started, follow=follow, plain=plain, json=json)) if started else code
