"""Studies: `study NAME` queues what is missing of one, `study status` tells how far they are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from moetui.cli.asking import YesOption
from moetui.cli.executed import executed
from moetui.cli.launched import FollowOption, PlainOption
from moetui.cli.offer import DryRunOption, offer
from moetui.cli.output import JsonOption, print_json, print_table, say
from moetui.cli.place import lab
from moetui.cli.start import GridOption, SetOption, selection

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord
    from moetui.core.cluster.execution import Execution
    from moetui.core.planning.plan import PlannedRun, Selection
    from moetui.core.studies.progress import Progress


_COUNTS: Final = ("runs", "finished", "live", "queued", "failed", "pruned", "diverged")


class _NameFirst(TyperGroup):
    """`study NAME` is `study run NAME`, as nothing is done with a study so often; `study` alone is `study status`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front where it is left out."""
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["run", *args] if args else ["status"]
        return super().parse_args(ctx, args)


study = typer.Typer(cls=_NameFirst, help="Run or continue a study: `study NAME` is short for `study run NAME`.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    study.command("run")(run)
    study.command("status")(status)
    app.add_typer(study, name="study")


@executed
def run(
    name: Annotated[str, typer.Argument(help="A study or preset, such as schedule/all.", show_default=False)],
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Run each setting with so many seeds.")] = 1,
    scale: Annotated[
        str, typer.Option(help="Run it on another base: tiny, 9m, 79m; short for NAME@SCALE.", show_default=False)
    ] = "",
    assignments: SetOption = None,
    grid: GridOption = None,
    ladder: Annotated[
        str,
        typer.Option(
            metavar="AXIS=SIZES",
            help="Run it at several sizes: width=32,64,128; axes: width, granularity, d_ff, tokens, batch.",
            show_default=False,
        ),
    ] = "",
    per_parameter: Annotated[
        bool, typer.Option("--per-parameter", help="With --ladder: keep the tokens per parameter, not the tokens.")
    ] = False,
    *,
    execution: "Execution",
    follow: FollowOption = True,
    plain: PlainOption = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Stop runs whose setting falls behind the median of the others.")
    ] = False,
    keep: Annotated[
        int, typer.Option(min=0, help="With --prune: the first so many seeds of a setting are never stopped.")
    ] = 2,
    race: Annotated[
        bool, typer.Option("--race", help="Drop settings after each seed that, by a bound of 5 %, cannot be the best.")
    ] = False,
    json: JsonOption = False,
) -> int:
    """Run what is missing of a study, after showing all of it and what it costs.

    The same command continues a study that was interrupted, and adds seeds to one that is done.
    Examples: `moetui study schedule/all --seeds 3`, `moetui study quickstart --seeds 8 --race`,
    `moetui study quickstart --ladder width=64,96,128 --seeds 3 --dry-run`.
    """
    from moetui.core.errors import UsageError
    from moetui.core.planning.plan import plan
    from moetui.core.queue.pruning import seed_by_seed
    from moetui.core.studies.progress import survey

    if prune and race:
        raise UsageError("--prune and --race stop runs by different rules; give one of them")
    wanted = f"{name}@{scale}" if scale else name
    chosen = selection((wanted,), assignments or [], grid or [], seeds)
    if ladder or per_parameter:
        chosen = _at_sizes(chosen, ladder, per_parameter=per_parameter)
    planned: Sequence[PlannedRun] = plan(lab().library(), chosen)
    if prune:
        planned = seed_by_seed(planned, keep)
        _check_prunable(planned, keep)
    if race:
        planned = _in_race(planned, chosen)
    members = survey(planned, lab().snapshot().runs)
    return offer(
        members,
        execution,
        follow=follow,
        plain=plain,
        yes=yes,
        dry_run=dry_run,
        json=json,
    )


def _at_sizes(chosen: "Selection", ladder: str, *, per_parameter: bool) -> "Selection":
    """The selection at every size of a ladder, which is told in a line."""
    import dataclasses

    from moetui.core.planning.ladder import base_config, parse_ladder, variants

    found = parse_ladder(ladder, per_parameter=per_parameter)
    base = base_config(lab().library(), chosen.presets[0], chosen.settings)
    kept = "tokens per parameter stay" if per_parameter else "tokens stay"
    if found.axis != "tokens":
        say(f"A ladder over {found.axis}: {kept}{', except for rounding' * (found.axis == 'batch')}.")
    return dataclasses.replace(chosen, variants=variants(found, base))


def _check_prunable(planned: "Sequence[PlannedRun]", keep: int) -> None:
    """Refuse to prune where every run is among the seeds that are kept."""
    from moetui.core.errors import UsageError

    able = sum(run.prunable for run in planned)
    if not able:
        raise UsageError(
            f"--prune: each setting keeps its first {keep} seeds and has no more, so nothing can be pruned; "
            "ask for more --seeds, or --keep fewer"
        )
    say(f"{able} of {len(planned)} runs may be pruned; each setting keeps its first {keep} seeds.")


def _in_race(planned: "Sequence[PlannedRun]", chosen: "Selection") -> "Sequence[PlannedRun]":
    """The runs in the order of a race, less those of settings that have left it and are not here. Raises `UsageError`."""
    from moetui.core.errors import UsageError
    from moetui.core.queue.racing import entered, left
    from moetui.core.studies.progress import survey

    sizes = {key for variant in chosen.variants for key in variant.settings}
    runs = entered(planned, {key: value for key, value in chosen.settings.items() if key != "seed"}, sizes)
    races = {run.race for run in runs}
    settings = {run.group for run in runs}
    if len(settings) < 2 * len(races) or len({run.config.seed for run in runs}) < 3:
        raise UsageError(
            "--race: a race takes two settings and three seeds or more, as settings leave after the second at the earliest; "
            "ask for more --seeds"
        )
    records = lab().snapshot().runs
    out = left(runs, records)
    say(
        f"{len(settings)} settings race{f', at {len(races)} sizes apart' if len(races) > 1 else ''}"
        f"{f'; {len(out)} have left' if out else ''}. The best leaves with a probability of at most 5 %, whenever you stop."
    )
    missing = {(one.planned.group, one.planned.config.seed) for one in survey(runs, records) if one.record is None}
    return [run for run in runs if run.group not in out or (run.group, run.config.seed) not in missing]


def status(
    name: Annotated[str | None, typer.Argument(help="Only this study, run by run.", show_default=False)] = None,
    json: JsonOption = False,
) -> None:
    """Tell how far the studies of this workspace are, and which setting is best so far.

    Example: `moetui study status schedule/all`.
    """
    from moetui.core.studies.progress import progress, study_names

    library, records = lab().library(), lab().snapshot().runs
    studies = [progress(library, study, records) for study in ([name] if name else study_names(records))]
    if json:
        print_json([_progress_row(one) for one in studies])
        return
    if not studies:
        say("No study was run here yet; `moetui presets` lists them.")
        return
    print_table(
        ["study", *_COUNTS, "missing", "best so far"],
        [_progress_cells(one) for one in studies],
        right=(*_COUNTS, "missing"),
    )
    if name:
        _show_members(studies[0])


def _progress_row(one: "Progress") -> dict[str, Any]:
    from moetui.core.catalogue.records import LIVE, WAITING

    best = one.best
    return {
        "study": one.name,
        "runs": len(one.records) + len(one.missing),
        "finished": one.count("finished"),
        "live": one.count(*LIVE),
        "queued": one.count(*WAITING),
        "failed": one.count("failed", "killed", "lost", "out-of-memory", "stopped"),
        "pruned": one.pruned,
        "diverged": one.count("diverged"),
        "missing": [planned.name for planned in one.missing],
        "best": {"name": best[0].name, "group": best[0].group, "val_loss": best[1]} if best else None,
        "members": [record.model_dump() for record in one.records],
    }


def _progress_cells(one: "Progress") -> list[str]:
    from moetui.core import format as fmt

    row, best = _progress_row(one), one.best
    counts = [str(row[key]) for key in _COUNTS]
    return [one.name, *counts, str(len(one.missing)), f"{fmt.loss(best[1])} {_setting(best[0])}" if best else "–"]


def _show_members(one: "Progress") -> None:
    from moetui.core import format as fmt

    rows = [
        [
            run.id,
            run.name,
            run.standing,
            f"{run.update}/{run.updates}",
            fmt.loss(run.final.val_loss if run.final else None),
        ]
        for run in one.records
    ]
    rows += [["–", planned.name, "missing", f"0/{planned.config.training.updates}", "–"] for planned in one.missing]
    typer.echo()
    print_table(["id", "name", "status", "updates", "val loss"], rows, right=("updates", "val loss"))


def _setting(record: "RunRecord") -> str:
    """The name of a run without its seed."""
    return "/".join(part for part in record.name.split("/") if not part.startswith("seed="))
