"""Commands that run once more what has been: resume, rerun, fork."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from moetui.cli.asking import TakeOverOption, taken_over
from moetui.cli.executed import OnOption, SlurmOption
from moetui.cli.launched import FollowOption, PlainOption, launched
from moetui.cli.look import RunsArgument
from moetui.cli.output import JsonOption, complain_of
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord
    from moetui.core.cluster.execution import Execution

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(resume)
    app.command()(rerun)
    app.command()(fork)
    app.command()(cooldown)


def resume(
    references: RunsArgument,
    force: TakeOverOption = False,
    devices: Annotated[
        int | None,
        typer.Option(min=1, max=1024, metavar="K", help="Go on on so many devices; on as many as before unless said."),
    ] = None,
    on: OnOption = None,
    slurm: SlurmOption = None,
    follow: FollowOption = True,
    plain: PlainOption = False,
    json: JsonOption = False,
) -> int:
    """Let runs that were stopped, killed or failed go on from their newest checkpoint, as if nothing had happened.

    Examples: `moetui resume k3f9 --detach`, `moetui resume k3f9 --devices 2`, `moetui resume k3f9 --on slurm`.
    """
    from moetui.core.cluster.resources import parsed
    from moetui.core.queue import resuming

    resources = parsed(slurm or [])
    if not taken_over([lab().find(reference) for reference in references], force=force, done="resumed"):
        return 0

    def change(before: "Execution") -> "Execution":
        return before.changed(backend=on, devices=devices, resources=resources)

    return _start_each(
        references, lambda run: resuming.resume(lab(), run, change), follow=follow, plain=plain, json=json
    )


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
        str,
        typer.Option(
            help="Which of the run's checkpoints to begin with: best, last or the update of one that is kept; "
            "best, or with --with-optimizer last, unless said.",
            show_default=False,
        ),
    ] = "",
    with_optimizer: Annotated[
        bool,
        typer.Option("--with-optimizer", help="Take optimizer and progress along; go on at that update."),
    ] = False,
    follow: FollowOption = True,
    plain: PlainOption = False,
    json: JsonOption = False,
) -> int:
    """Start new runs that begin with the weights of others, with other settings from update 1 on.

    Examples: `moetui fork k3f9 --set optimizer.lr=0.01 --set schedule.kind=linear --checkpoint last`,
    `moetui fork k3f9 --with-optimizer --set training.updates=2000`.
    """
    from moetui.core.errors import UsageError
    from moetui.core.planning.settings import parse_assignment
    from moetui.core.queue import resuming

    settings = dict(map(parse_assignment, assignments or []))
    chosen = checkpoint or ("last" if with_optimizer else "best")
    if chosen not in ("best", "last") and not chosen.isdecimal():
        raise UsageError(f"--checkpoint {chosen}: name best, last or the update of one that is kept")
    return _start_each(
        references,
        lambda run: resuming.fork(lab(), run, settings, chosen, whole=with_optimizer),
        follow=follow,
        plain=plain,
        json=json,
    )  # fmt: skip


def cooldown(
    references: RunsArgument,
    at: Annotated[
        str, typer.Option(help="Lengths of the branches: shares of the run up to 1, else updates, with commas between.")
    ],
    length: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of a branch, at its end, in which the rate decays; default: the run's."),
    ] = None,
    follow: FollowOption = True,
    plain: PlainOption = False,
    json: JsonOption = False,
) -> int:
    """Let branches leave a run of constant rate and cool down: one run, many horizons.

    A branch is the run from the start with that horizon, bit for bit on a CPU. It leaves from a checkpoint that the run kept
    (`training.keep_at`). Example: `moetui cooldown k3f9 --at 0.25,0.5,0.75 --length 0.2`.
    """
    from moetui.core.queue.branching import branches, parse_lengths

    shares = parse_lengths(at)
    code, started = on_runs(references, lambda run: branches(lab(), run, shares, length))
    found = [one for some in started for one in some]
    return max(code, launched(found, follow=follow, plain=plain, json=json)) if found else code


def _start_each(
    references: list[str], act: "Callable[[RunRecord], RunRecord]", *, follow: bool, plain: bool, json: bool
) -> int:
    """Start something from each run and stay with what was started."""
    code, started = on_runs(references, act)
    return max(code, launched(started, follow=follow, plain=plain, json=json)) if started else code


def on_runs(references: list[str], act: "Callable[[RunRecord], T]") -> "tuple[int, list[T]]":
    """What is started from each run; a run for which it fails does not keep the others from it. The exit code comes first."""
    from engine.runfiles.jsonfile import DamagedFile
    from moetui.core.errors import LabError

    started: list[T] = []
    code = 0
    for run in [lab().find(reference) for reference in references]:
        try:
            started.append(act(run))
        except (LabError, DamagedFile, OSError) as error:
            code = complain_of(error)
    return code, started
