"""What happens to runs, as a stream of facts for other programs: changes of status, and each record as it is measured."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine.runfiles.history import History
from moetui.core.catalogue.records import RunRecord
from moetui.core.queue.follow import until_ended
from moetui.core.runs.lab import Lab

Event = dict[str, Any]
"""Always has `event` and `run`, the id."""


class Stream:
    """The events of some runs from their first record to their end; afterwards `runs` has them as they were seen last."""

    def __init__(
        self,
        lab: Lab,
        run_ids: Sequence[str],
        *,
        idle: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`idle`: seconds without an event after which the stream ends."""
        self._lab = lab
        self._ids = run_ids
        self._idle = idle
        self._clock = clock
        self._histories: dict[str, History] = {}
        self._statuses: dict[str, str] = {}
        self.runs: list[RunRecord] = []

    def events(self) -> Iterator[Event]:
        """`record` for each record of the metrics, `status` for each change of status, and in the end `ended` with the scores.

        A record that a resumed session has replaced is not taken back: its update comes again, of a later session.
        """
        last = self._clock()
        for runs, _ in until_ended(self._lab, self._ids):
            self.runs = runs
            for run in runs:
                for event in self._news(run):
                    last = self._clock()
                    yield event
            if self._idle is not None and self._clock() - last > self._idle:
                return

    def _news(self, run: RunRecord) -> Iterator[Event]:
        status = {"event": "status", "run": run.id, "name": run.name, "status": run.status, "reason": run.reason}
        known = self._statuses.get(run.id)
        if run.pending and known != run.status:
            self._statuses[run.id] = run.status
            yield status
        if run.path:
            history = self._histories.setdefault(run.id, History(self._lab.run_dir(run).metrics_file))
            history.refresh()
            yield from ({"event": "record", "run": run.id, **record} for record in history.added)
        if not run.pending and known != run.status:
            self._statuses[run.id] = run.status
            facts = run.model_dump(include={"update", "updates", "final", "best", "ended"})
            yield status | facts | {"event": "ended"}
