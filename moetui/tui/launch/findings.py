"""The findings of the schedule audit on a plan, as lines and as a panel."""

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from moetui.core.studies.audits import Shared
from moetui.tui.amounts import runs_text

SIGNS = {"note": "·", "warning": "!", "error": "!"}
STYLES = {"note": "", "warning": "yellow", "error": "bold red"}


class FindingsPanel(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Every finding with the runs that have it, what happens at which update, and what to try."""

    DEFAULT_CSS = """
    FindingsPanel { height: 1fr; background: transparent; scrollbar-size-horizontal: 0; }
    FindingsPanel > Static { height: auto; }
    """

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static()

    def show(self, findings: Sequence[Shared], runs: int) -> None:
        """List these findings on a plan of so many runs."""
        self.query_one(Static).update(findings_text(findings, runs))


def findings_text(findings: Sequence[Shared], runs: int) -> Text:
    """The findings, the severe ones first, each in two lines."""
    text = Text(" Audit ", style="bold")
    if not findings:
        return text.append(" nothing found in these schedules", style="not bold dim")
    for one in sorted(findings, key=lambda one: one.finding.severity == "note"):
        finding, style = one.finding, STYLES[one.finding.severity]
        whose = "every run" if len(one.names) == runs else f"{one.names[0]}{_more(len(one.names) - 1)}"
        text.append(f"\n{SIGNS[finding.severity]} {finding.severity}: {finding.kind}", style=f"{style} bold")
        text.append(f" at update {finding.update} · {whose}", style="dim not bold")
        text.append(f"\n  {finding.evidence}; try: {finding.advice}", style="not bold")
    return text


def findings_line(findings: Sequence[Shared]) -> Text:
    """The kinds of findings in one line, with how many runs have them; empty if there are none."""
    runs: dict[tuple[str, str], set[str]] = {}
    for one in sorted(findings, key=lambda one: one.finding.severity == "note"):
        runs.setdefault((one.finding.severity, one.finding.kind), set()).update(one.names)
    text = Text(no_wrap=True, overflow="ellipsis")
    for (severity, kind), names in runs.items():
        text.append(" " if text else "")
        text.append(f"{SIGNS[severity]} {kind} ({runs_text(len(names))})", style=STYLES[severity] or "dim")
    return text


def _more(others: int) -> str:
    return f" and {others} more" if others else ""
