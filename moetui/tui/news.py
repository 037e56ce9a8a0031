"""Tells that runs have ended and what was found about them: on the screen, and outside it for those who want that."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from textual.app import App

from engine.runfiles.rundir import Finding
from moetui.core import format as words
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.background import Background
from moetui.core.runs.lab import Snapshot
from moetui.core.terminal import notification
from moetui.tui.feed import Picture

Severity = Literal["information", "warning", "error"]

MOST_ENDS = 3
"""Ends in one look that are told one by one; more are counted."""

SEVERITIES: dict[str, Severity] = {"finished": "information", "stopped": "information", "diverged": "warning"}


class Wire:
    """Notifies the user of an app. `bell` rings the terminal's bell as well, `osc9` asks the terminal for a notification."""

    def __init__(self, app: App[None], *, bell: bool, osc9: bool) -> None:
        self._app = app
        self._bell = bell
        self._osc9 = osc9

    def tell_ends(self, before: Snapshot, after: Snapshot) -> None:
        """Tell of the runs that have ended between two looks."""
        ended = list(ends(before, after))
        if len(ended) > MOST_ENDS:
            self._send(counted(ended), "information")
            return
        for run in ended:
            self._send(end_text(run), SEVERITIES.get(run.status, "error"))

    def tell_findings(self, found: Iterable[tuple[RunRecord, Finding]]) -> None:
        """Tell of what was found, notes apart."""
        for run, finding in found:
            if finding.severity != "note":
                self._send(finding_text(run, finding), finding.severity)

    def _send(self, text: str, severity: Severity) -> None:
        self._app.notify(text, severity=severity, markup=False)
        if self._bell:
            self._app.bell()
        if self._osc9 and self._app._driver is not None:
            self._app._driver.write(notification(f"moetui: {text}"))


class Discoveries:
    """What is found about live runs, each kind of finding once. What was there at the first sight of a run is no news."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}  # run → update at its first sight
        self._told: set[tuple[str, str]] = set()

    def news(self, picture: Picture) -> Iterator[tuple[RunRecord, Finding]]:
        """The findings that are new in this picture of the laboratory."""
        for run in picture.snapshot.pending:
            first = self._first.setdefault(run.id, run.update)
            for finding in picture.backgrounds.get(run.id, Background()).findings:
                if finding.update > first and (run.id, finding.kind) not in self._told:
                    self._told.add((run.id, finding.kind))
                    yield run, finding


def ends(before: Snapshot, after: Snapshot) -> Iterator[RunRecord]:
    """The runs that were pending and are no longer, in the order in which they ended."""
    pending = {run.id for run in before.pending}
    ended = [run for run in after.runs if run.id in pending and not run.pending]
    yield from sorted(ended, key=lambda run: run.ended or 0.0)


def end_text(run: RunRecord) -> str:
    """What became of a run."""
    loss = f", validation loss {words.loss(run.final.val_loss)}" if run.final and run.status == "finished" else ""
    reason = f": {run.reason}" if run.reason and run.status not in {"finished", "stopped"} else ""
    return f"{run.name} {run.status}{loss}{reason}"


def finding_text(run: RunRecord, finding: Finding) -> str:
    """A finding about a run in a sentence."""
    return f"{run.name}: {finding.kind} at update {finding.update}: {finding.evidence}"


def counted(runs: Sequence[RunRecord]) -> str:
    """What became of many runs."""
    counts = Counter(run.status for run in runs)
    return f"{len(runs)} runs ended: {', '.join(f'{count} {status}' for status, count in counts.items())}"
