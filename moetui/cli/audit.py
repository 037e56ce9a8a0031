"""The command `audit`, and the findings of the audit as `run` and `study` say them before they start."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moetui.cli.output import JsonOption, print_json, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.studies.audits import Audited


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(audit)


def audit(
    names: Annotated[list[str], typer.Argument(help="Presets, studies or runs.", show_default=False)],
    json: JsonOption = False,
) -> None:
    """Look for faults in learning-rate schedules: planned ones of presets, recorded ones of runs.

    Examples: `moetui audit exp8/baseline-as-published`, `moetui audit schedule/all@tiny`.
    """
    from moetui.core.studies.audits import audit_named

    audited = audit_named(lab(), names)
    if json:
        print_json([{"name": one.name, "findings": finding_rows(one)} for one in audited])
        return
    for line in _lines(audited):
        typer.echo(line)
    clean = sum(not one.findings for one in audited)
    say(f"{clean} of {len(audited)} schedules without a finding")


def say_findings(audited: "Sequence[Audited]") -> None:
    """The findings on stderr, for those who are about to start something."""
    for line in _lines(audited):
        say(line)


def finding_rows(audited: "Audited") -> list[dict[str, Any]]:
    """Findings for JSON."""
    return [finding.model_dump() for finding in audited.findings]


def _lines(audited: "Sequence[Audited]") -> Iterator[str]:
    """Each finding once, with those that have it."""
    from moetui.core.studies.audits import shared

    for one in shared(audited):
        who = one.names[0] if len(one.names) == 1 else f"{one.names[0]} and {len(one.names) - 1} more"
        yield f"{one.finding.severity} {one.finding.kind}, {who}: {one.finding.evidence}; {one.finding.advice}"
