"""The command `audit`, and the findings of the audit as `run` and `study` say them before they start."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moetui.cli.output import JsonOption, print_json, print_table, say
from moetui.cli.place import lab

if TYPE_CHECKING:
    from moetui.core.audits import Audited


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
    from moetui.core.audits import audit_named, shared

    audited = [one for name in names for one in audit_named(lab(), name)]
    if json:
        print_json([{"name": one.name, "findings": finding_rows(one)} for one in audited])
        return
    found = shared(audited)
    if found:
        rows = [
            [_who(one.names), one.finding.severity, one.finding.kind, one.finding.evidence, one.finding.advice]
            for one in found
        ]
        print_table(["runs", "severity", "finding", "evidence", "advice"], rows)
    clean = sum(not one.findings for one in audited)
    say(f"{clean} of {len(audited)} schedules without a finding")


def say_findings(audited: "Sequence[Audited]") -> None:
    """Each finding as a line on stderr."""
    from moetui.core.audits import shared

    for one in shared(audited):
        finding = one.finding
        say(f"{finding.severity} {finding.kind}, {_who(one.names)}: {finding.evidence}; {finding.advice}")


def finding_rows(audited: "Audited") -> list[dict[str, Any]]:
    """Findings for JSON."""
    return [finding.model_dump() for finding in audited.findings]


def _who(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
