"""What has happened since somebody last looked: ends of runs and findings about them, over all runs of a workspace."""

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.runfiles.rundir import Finding
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.background import Background, Backgrounds
from moetui.core.runs.lab import Lab
from moetui.core.user_state import workspace_state_file
from moetui.core.wholefile import replace_file
from moetui.tui.feed import Picture
from moetui.tui.news import end_text, finding_text

FILE = "alerts.json"
MOST = 200
"""Alerts that are listed at most."""


@dataclass(frozen=True, slots=True)
class Alert:
    """The end of a run or, with a `finding`, what was found about it; `when` it ended is None of a run that goes on."""

    run: RunRecord
    when: float | None = None
    finding: Finding | None = None

    @property
    def text(self) -> str:
        """What happened, in a sentence."""
        return end_text(self.run) if self.finding is None else finding_text(self.run, self.finding)


class Looked(BaseModel):
    """When somebody looked last, and what was known then that this moment does not tell.

    Of runs that went on these are findings, by run id and kind; and runs whose clock is ahead of ours, by id.
    """

    model_config = ConfigDict(frozen=True)

    at: float
    known: frozenset[str] = frozenset()


class Alerts:
    """What is new in a workspace. Kept in a file, so that what ends over night is told in the morning."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._path = workspace_state_file(lab.workspace.root, FILE)
        self._looked: Looked | None = None
        self._told: tuple[Picture | None, int] = (None, 0)

    @property
    def looked(self) -> Looked:
        """The last look. Where nobody ever looked it is now: what is there already is no news."""
        if self._looked is None:
            with contextlib.suppress(OSError, ValidationError):
                self._looked = Looked.model_validate_json(self._path.read_bytes())
            if self._looked is None:
                self._keep(Looked(at=time.time()))
        return self._looked or Looked(at=time.time())

    def count(self, picture: Picture) -> int:
        """How many ends and findings there are since the last look, as far as that is known without reading files."""
        if self._told[0] is not picture:
            found = sum(1 for _ in self._ended(picture)) + sum(1 for _ in self._found(picture))
            self._told = picture, found
        return self._told[1]

    def list(self, picture: Picture) -> Sequence[Alert]:
        """The newest first, what was found about a run behind its end. Reads the results of runs: belongs in a thread."""
        alerts = [Alert(run, finding=finding) for run, finding in self._found(picture)]
        ended = sorted(self._ended(picture), key=lambda run: run.ended or 0.0, reverse=True)[:MOST]
        backgrounds = Backgrounds(self._lab).look(picture.snapshot, [run.id for run in ended])
        for run in ended:
            alerts.append(Alert(run, run.ended))
            found = backgrounds.get(run.id, Background()).findings
            alerts += [Alert(run, run.ended, finding) for finding in found if finding.severity != "note"]
        return alerts[:MOST]

    def look(self, picture: Picture) -> None:
        """From now on only what comes later is new."""
        at = picture.snapshot.taken or self.looked.at
        ahead = {run.id for run in picture.snapshot.runs if (run.ended or 0.0) > at}
        found = {_key(run, finding) for run, finding in _live_findings(picture)}
        self._keep(Looked(at=at, known=frozenset(ahead | found)))
        self._told = None, 0

    def _ended(self, picture: Picture) -> Iterator[RunRecord]:
        since, known = self.looked.at, self.looked.known
        ended = (run for run in picture.snapshot.runs if (run.ended or 0.0) > since and run.path and not run.pending)
        return (run for run in ended if run.id not in known)

    def _found(self, picture: Picture) -> Iterator[tuple[RunRecord, Finding]]:
        known = self.looked.known
        return (pair for pair in _live_findings(picture) if _key(*pair) not in known)

    def _keep(self, looked: Looked) -> None:
        self._looked = looked
        with contextlib.suppress(OSError):  # where nothing can be written it lasts as long as the program
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(replace_file(self._path, looked.model_dump_json().encode()))


def _live_findings(picture: Picture) -> Iterator[tuple[RunRecord, Finding]]:
    for run in picture.snapshot.pending:
        for finding in picture.backgrounds.get(run.id, Background()).findings:
            if finding.severity != "note":
                yield run, finding


def _key(run: RunRecord, finding: Finding) -> str:
    return f"{run.id} {finding.kind}"
