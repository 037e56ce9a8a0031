"""What a command does that has queued runs: stay with them, or tell which they are and return."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from moetui.cli.output import print_json, print_table, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord

FollowOption = Annotated[
    bool, typer.Option("--follow/--detach", "-f/-d", help="Stay until the runs have ended, or return at once.")
]
PerDeviceOption = Annotated[
    int, typer.Option(min=1, max=64, metavar="N", help="Train up to so many of the runs on one device at a time.")
]
DevicesOption = Annotated[
    int,
    typer.Option(
        min=1, max=1024, metavar="K", help="Train each run on so many devices, which share its micro-batches."
    ),
]
RetriesOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=1000,
        metavar="N",
        help="Try a run again up to N times if it is killed, lost or out of memory; default: the setting `retries`, else 0.",
        show_default=False,
    ),
]
OnOption = Annotated[
    str | None,
    typer.Option(
        "--on", metavar="BACKEND", help="What executes the runs: local or slurm. Default: local.", show_default=False
    ),
]
SlurmOption = Annotated[
    list[str] | None,
    typer.Option(
        "--slurm", metavar="KEY=VALUE", help="Ask slurm for it, such as time=2:00:00, partition=gpu or gres=gpu:2."
    ),
]
PlainOption = Annotated[bool, typer.Option("--plain", help="Follow with lines instead of the dashboard.")]


def launched(records: "Sequence[RunRecord]", *, follow: bool, plain: bool, json: bool) -> int:
    """Follow queued runs to their end, or print them. Returns the exit code."""
    if follow:
        from moetui.cli.follow import follow_runs

        return follow_runs(lab(), [record.id for record in records], json=json, plain=plain)
    if json:
        print_json([record.model_dump() for record in records])
    else:
        print_table(["id", "name"], [[record.id, record.name] for record in records])
        say("They train in the background; `moetui` or `moetui watch` shows them.")
    return 0
