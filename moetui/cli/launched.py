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
