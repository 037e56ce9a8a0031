"""Follows runs until they have ended, and says in lines what happens to them; needs no terminal."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from engine.runfiles.history import History
from engine.runfiles.rundir import State
from moetui.core import format as fmt
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab

POLL_SECONDS = 0.25


def until_ended(
    lab: Lab, run_ids: Sequence[str], *, timeout: float | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[tuple[list[RunRecord], dict[str, State]]]:
    """The runs as they are, again and again, the last time when all have ended (or the time is up)."""
    deadline = None if timeout is None else clock() + timeout
    while True:
        snapshot = lab.snapshot()
        found = {run.id: run for run in snapshot.runs}
        runs = [found[run_id] for run_id in run_ids if run_id in found]
        yield runs, dict(snapshot.states)
        if not any(run.pending for run in runs) or (deadline is not None and clock() > deadline):
            return
        time.sleep(POLL_SECONDS)


class Narrator:
    """Turns successive looks at runs into lines: changes of status, evaluations, and now and then the progress."""

    def __init__(self, lab: Lab, *, every: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._lab = lab
        self._every = every
        self._clock = clock
        self._status: dict[str, tuple[str, str]] = {}
        self._spoken: dict[str, float] = {}
        self._histories: dict[str, History] = {}

    def lines(self, runs: Iterable[RunRecord], states: dict[str, State]) -> Iterator[str]:
        """What is new since the last look."""
        for run in runs:
            yield from self._progress(run, states.get(run.id))
            said = (run.status, run.reason if run.status == "starting" or not run.pending else "")
            if self._status.get(run.id) != said:
                self._status[run.id] = said
                yield f"{run.name}: {' – '.join(word for word in said if word)}"

    def _progress(self, run: RunRecord, state: State | None) -> Iterator[str]:
        history = self._histories.get(run.id)
        if history is None:
            history = self._histories[run.id] = History(self._lab.run_dir(run).metrics_file)
        if not history.refresh() or not (new := history.added):
            return
        evaluated = [record for record in new if "val_loss" in record]
        now = self._clock()
        if not evaluated and now - self._spoken.get(run.id, now - self._every) < self._every:
            return
        self._spoken[run.id] = now
        record = (evaluated or new)[-1]
        words = [f"update {record['update']}/{run.updates}"]
        if "train_loss" in record:
            words.append(f"train loss {fmt.loss(record['train_loss'])}")
        if "val_loss" in record:
            words.append(f"validation loss {fmt.loss(record['val_loss'])} ({fmt.percent(record.get('val_accuracy'))})")
        if state is not None and state.tokens_per_second:
            words.append(f"{fmt.count(state.tokens_per_second)} tokens/s")
        if state is not None and state.eta_seconds is not None:
            words.append(f"{fmt.duration(state.eta_seconds)} to go")
        yield f"{run.name}: {', '.join(words)}"
