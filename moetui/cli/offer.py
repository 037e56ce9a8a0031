"""Shows runs that are wanted with what is here of them and what the rest costs, asks, and queues what is due."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moetui.cli.asking import agreed
from moetui.cli.audit import finding_rows, say_findings
from moetui.cli.launched import launched
from moetui.cli.output import print_json, print_table, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.cluster.execution import Execution
    from moetui.core.studies.audits import Audited
    from moetui.core.studies.estimate import Estimate
    from moetui.core.studies.progress import Member

DryRunOption = Annotated[bool, typer.Option("--dry-run", "-n", help="Show the runs and start none.")]


def offer(
    members: "Sequence[Member]",
    execution: "Execution",
    *,
    follow: bool,
    plain: bool,
    yes: bool,
    dry_run: bool,
    json: bool,
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Show the runs and queue those that are due, unless it is a dry run or the answer is no. Returns the exit code.

    `facts` stand before the runs in the JSON of a dry run. Raises `UsageError` as `agreed` does.
    """
    from moetui.core.machine.devices import devices
    from moetui.core.queue.enqueue import check_devices
    from moetui.core.studies.audits import audit_planned
    from moetui.core.studies.estimate import estimate
    from moetui.core.studies.progress import complete

    due = [member.planned for member in members if member.due]
    check_devices(due, execution)
    audited = audit_planned(lab(), (member.planned for member in members))
    cost = estimate(due, lab().records(), devices())
    if dry_run and json:
        print_json({**(facts or {}), "runs": _rows(members, audited), "estimate": estimate_row(cost)})
        return 0
    _show(members, audited, cost, stdout=dry_run)
    if dry_run:
        return 0
    if due and not agreed(f"Queue {_runs(len(due))}?", yes=yes, done="queued"):
        return 0
    return launched(complete(lab(), members, execution), follow=follow, plain=plain, json=json)


def _show(members: "Sequence[Member]", audited: "Sequence[Audited]", cost: "Estimate", *, stdout: bool) -> None:
    """Every run of the study, the findings on the schedules, and what is to be done. The table is the result of a dry run only."""
    from moetui.core import format as fmt

    rows = [
        [
            member.planned.name,
            _stands(member),
            fmt.number(member.planned.config.optimizer.lr),
            str(member.planned.config.seed),
            str(member.planned.config.training.updates),
            fmt.count(member.planned.config.tokens),
            fmt.count(member.planned.config.model.parameters),
        ]
        for member in members
    ]
    headers = ["name", "here", "lr", "seed", "updates", "tokens", "parameters"]
    print_table(headers, rows, right=headers[2:], stdout=stdout)
    say_findings(audited)
    due = sum(member.due for member in members)
    pending = sum(member.state == "pending" for member in members)
    there = f"{_runs(len(members))}: {len(members) - due - pending} there, {pending} under way, {due} to queue"
    say(f"{there}; {price(cost)}" if due else there)


def price(cost: "Estimate") -> str:
    """What runs cost in time, in which range, how that is known, and what comes on top."""
    from moetui.core import format as fmt
    from moetui.core.machine.devices import devices

    at_once = max(sum(device.is_gpu for device in devices()), 1)
    share = f", {fmt.duration(cost.seconds / at_once)} on {at_once} devices" if at_once > 1 else ""
    work = "training and evaluation" if cost.evaluation and not cost.unknown_evaluation else "training"
    return (
        f"about {fmt.duration(cost.seconds)} of {work}, {fmt.duration(cost.low)} to {fmt.duration(cost.high)}, "
        f"{cost.device_hours:.2g} device-hours{share} ({cost.reason}); without {' and '.join(cost.left_out)}"
    )


def _stands(member: "Member") -> str:
    """What is here of a run: the id of the one that stands for it, and what becomes of it."""
    if member.record is None:
        return "–"
    again = ", again" if member.due else ""
    return f"{member.record.id} {member.record.standing}{again}"


def _rows(members: "Sequence[Member]", audited: "Sequence[Audited]") -> list[dict[str, Any]]:
    return [
        {
            "name": member.planned.name,
            "preset": member.planned.preset,
            "study": member.planned.study,
            "group": member.planned.group,
            "seed": member.planned.config.seed,
            "state": member.state,
            "id": member.record.id if member.record else None,
            "status": member.record.status if member.record else None,
            "findings": finding_rows(found),
            "config": member.planned.config.model_dump(mode="json"),
        }
        for member, found in zip(members, audited, strict=True)
    ]


def estimate_row(cost: "Estimate") -> dict[str, Any]:
    """What runs cost, for JSON; `reach` as in `moetui.core.studies.estimate.Estimate`."""
    return {
        "seconds": cost.seconds,
        "low": cost.low,
        "high": cost.high,
        "device_hours": cost.device_hours,
        "basis": cost.basis,
        "measured": cost.measured,
        "reach": cost.reach,
        "evaluation_seconds": cost.evaluation,
        "left_out": list(cost.left_out),
    }


def _runs(count: int) -> str:
    return f"{count} run{'s' if count != 1 else ''}"
