"""The command that searches for the best setting by itself."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from moetui.cli.asking import YesOption, agreed
from moetui.cli.audit import finding_rows, say_findings
from moetui.cli.offer import DryRunOption, estimate_row, price
from moetui.cli.output import JsonOption, print_json, print_table, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.search.plan import SearchPlan
    from moetui.core.search.trials import Trial

_DEFINING = ("preset", "ranges", "choices", "assignments", "sampler", "prune", "seed", "seeds")
_DEFAULT_TRIALS = 20


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(search)


def search(
    context: typer.Context,
    preset: Annotated[
        str | None, typer.Argument(help="The preset to vary, such as base/moe-tiny.", show_default=False)
    ] = None,
    ranges: Annotated[
        list[str] | None, typer.Option("--range", "-r", metavar="KEY=LOW..HIGH[:log]", help="Vary a number.")
    ] = None,
    choices: Annotated[
        list[str] | None, typer.Option("--choice", "-c", metavar="KEY=[…]", help="Vary anything among these values.")
    ] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Set a key of the configuration.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, max=10_000, help=f"Settings to try in all (default: {_DEFAULT_TRIALS}).")
    ] = None,
    sampler: Annotated[Literal["tpe", "random"], typer.Option(help="How settings are drawn.")] = "tpe",
    prune: Annotated[
        Literal["none", "median", "asha"], typer.Option(help="Stop runs early whose validation loss falls behind.")
    ] = "none",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the sampler.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Run each setting with so many seeds.")] = 1,
    parallel: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Settings to try at once (default: one for each device).")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="Begin no new setting after so long.", show_default=False),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--continue", metavar="NAME", help="Go on with a search.", show_default=False)
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> int:
    """Search for the setting with the lowest validation loss; each trial is an ordinary run of a study `search/PRESET/NUMBER`.

    Examples: `moetui search base/moe-tiny --range optimizer.lr=0.001..0.3:log --range schedule.warmup=0..0.2 --trials 30`,
    `moetui search --continue search/base/moe-tiny/1 --trials 60`.
    """
    from moetui.core.errors import UsageError
    from moetui.core.planning.settings import parse_assignment
    from moetui.core.search.plan import SearchPlan, plan_of, space
    from moetui.core.search.searcher import Searcher, claim, revive

    if name is not None:
        if given := [one for one in _DEFINING if _typed(context, one)]:
            raise UsageError(f"--continue goes on with a search as it was begun; leave {given[0]} out")
        plan = plan_of(lab(), name, lab().records())
        plan = plan if trials is None else plan.model_copy(update={"trials": trials})
    elif preset is None:
        raise UsageError("name a preset to search around, or a search to --continue")
    else:
        settings: dict[str, Any] = dict(map(parse_assignment, assignments or []))
        found, lists = space(ranges or [], choices or [], settings)
        plan = SearchPlan(
            preset=preset,
            settings=settings,
            ranges=found,
            choices=lists,
            trials=trials or _DEFAULT_TRIALS,
            sampler=sampler,
            prune=prune,
            seed=seed,
            seeds=seeds,
        )
    if not _agreed(plan, name, yes=yes, dry_run=dry_run, json=json):
        return 0
    with claim(lab(), name, plan.preset) as study:
        if name is not None:
            revive(lab(), plan, study)
        say(f"{study}: leave with ctrl+c, go on with `moetui search --continue {study}`.")
        for line in Searcher(lab(), plan, study, parallel=parallel).lines(timeout=timeout):
            say(line)
    return _report(plan, study, json=json)


def _typed(context: typer.Context, parameter: str) -> bool:
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def _agreed(plan: "SearchPlan", name: str | None, *, yes: bool, dry_run: bool, json: bool) -> bool:
    """Show the search, what the audit finds at the ends of its ranges, and what it costs; True if it is to begin.

    The table is the result of a dry run only.

    Raises `UsageError` as `agreed` does.
    """
    from moetui.core import format as fmt
    from moetui.core.machine.devices import devices
    from moetui.core.search.searcher import extremes, first_runs
    from moetui.core.search.trials import trials
    from moetui.core.studies.audits import audit_planned
    from moetui.core.studies.estimate import estimate

    records = lab().records()
    there = len(trials(plan, name, records)) if name else 0
    left = max(plan.trials - there, 0)
    first = first_runs(lab(), plan)
    cost = estimate(first * left, records, devices())
    audited = audit_planned(lab(), extremes(lab(), plan, first[0]))
    if dry_run and json:
        found = [{"name": one.name, "findings": finding_rows(one)} for one in audited]
        facts = {"search": plan.model_dump(mode="json"), "trials_there": there, "audit": found}
        print_json({**facts, "estimate": estimate_row(cost)})
        return False
    rows = [
        [key, f"{fmt.number(one.low)} to {fmt.number(one.high)}", "logarithmic" if one.log else "linear"]
        for key, one in plan.ranges.items()
    ]
    rows += [[key, ", ".join(map(str, values)), "choice"] for key, values in plan.choices.items()]
    print_table(["key", "values", "drawn"], rows, stdout=dry_run)
    say_findings(audited)
    each = f" with {plan.seeds} seeds each" if plan.seeds > 1 else ""
    less = "" if plan.prune == "none" else ", less what is pruned"
    say(f"{plan.preset}: {plan.trials} trials{each}, {there} there; {price(cost)}{less}")
    if dry_run:
        return False
    return not left or agreed("Begin the search?", yes=yes, done="queued")


def _report(plan: "SearchPlan", study: str, *, json: bool) -> int:
    """Print the trials, the best of them, and what to do next. Returns the exit code."""
    from moetui.core.queue.outcome import verdict
    from moetui.core.science.comparison import best_group
    from moetui.core.science.groups import groups
    from moetui.core.science.measure import LOSS
    from moetui.core.search.trials import trials
    from moetui.core.studies.progress import ANSWERED

    found = trials(plan, study, lab().snapshot().runs)
    runs = [run for trial in found for run in trial.runs]
    group = best_group(groups(runs, LOSS), LOSS)
    best = next((trial for trial in found if group is not None and trial.group == group.key), None)
    words = verdict([run for run in runs if run.status in ANSWERED]) if best else None
    if json:
        rows = [_row(trial) for trial in found]
        print_json({"study": study, "trials": rows, "best": _row(best) if best else None, "verdict": words})
    else:
        _show(plan, found, best)
    if best and not json:
        print(words)
        say(_next_step(plan, study, best))
    if best:
        return 0
    return 4 if any(trial.state == "diverged" for trial in found) else 1


def _show(plan: "SearchPlan", found: "tuple[Trial, ...]", best: "Trial | None") -> None:
    from moetui.core import format as fmt

    rows = [
        [
            f"{trial.number}{' *' if trial is best else ''}",
            *(_value(trial.point[key]) for key in plan.keys),
            trial.state,
            fmt.loss(trial.value),
            " ".join(run.id for run in trial.runs),
        ]
        for trial in found
    ]
    print_table(["trial", *plan.keys, "state", "val loss", "runs"], rows, right=["val loss", *plan.ranges])


def _next_step(plan: "SearchPlan", study: str, best: "Trial") -> str:
    """The command that makes the best setting surer."""
    if plan.keys == ("optimizer.lr",):
        return f"`moetui refine {study}` goes closer around it and adds seeds."
    settings = " ".join(f"--set {key}={_value(value)}" for key, value in {**plan.settings, **best.point}.items())
    return f"`moetui run {plan.preset} {settings} --seeds 3` tells how far that can be trusted."


def _row(trial: "Trial") -> dict[str, Any]:
    return {
        "number": trial.number,
        "point": dict(trial.point),
        "group": trial.group,
        "state": trial.state,
        "value": trial.value,
        "runs": [run.id for run in trial.runs],
    }


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
