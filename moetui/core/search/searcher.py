"""The searcher: asks for settings, queues their runs, watches them, and tells what came of them.

It keeps no state of its own: which trials there are is in the runs. Kill it at any time; the next one tells the sampler the trials
that have ended, takes those that are under way over, and goes on from there.
"""

import contextlib
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.runfiles.locks import hold_run_lock
from moetui.core.cluster.execution import Execution
from moetui.core.errors import LabError, UsageError
from moetui.core.machine.devices import devices
from moetui.core.planning.plan import PlannedRun
from moetui.core.queue import edit
from moetui.core.queue.enqueue import enqueue
from moetui.core.queue.follow import POLL_SECONDS, Narrator
from moetui.core.queue.resuming import RESUMABLE, resume
from moetui.core.runs.lab import Lab
from moetui.core.search.plan import SearchPlan, planned
from moetui.core.search.sampling import Asked, Sampling
from moetui.core.search.trials import Evaluations, Trial, trials
from moetui.core.studies.progress import study_names

FRUITLESS = 100
"""Proposals in a row that were there before or cannot be run, after which a search has nothing more to try."""

HOPE = 3
"""So many trials may break off before one has a result; then the fault is not in the settings."""


@contextlib.contextmanager
def claim(lab: Lab, study: str | None, preset: str) -> Iterator[str]:
    """Keep other searchers out of a search, or of a new one that is named after its preset. Raises `LabError` if one is at work."""
    lab.workspace.runs.mkdir(parents=True, exist_ok=True)
    known = set(study_names(lab.records()))
    number = 1
    while True:
        name = study or f"search/{preset}/{number}"
        try:
            lock = None if study is None and name in known else hold_run_lock(_lock(lab, name))
        except BlockingIOError:
            if study is not None:
                raise LabError(f"another searcher is at work on {study}") from None
            lock = None
        if lock is not None:
            break
        number += 1
    try:
        yield name
    finally:
        os.close(lock)


def _lock(lab: Lab, study: str) -> Path:
    return lab.workspace.runs / f"{study.replace('/', '-')}.lock"


def revive(lab: Lab, plan: SearchPlan, study: str) -> None:
    """Let the runs of a search that broke off go on."""
    for trial in trials(plan, study, lab.snapshot().runs):
        for run in trial.runs:
            if run.status in RESUMABLE and not run.pruned:
                resume(lab, run)


def first_runs(lab: Lab, plan: SearchPlan) -> list[PlannedRun]:
    """The runs of the trial that a search begins with. Raises `UsageError` if the plan cannot be run."""
    return Searcher(lab, plan, plan.preset).propose(())


def extremes(lab: Lab, plan: SearchPlan, first: PlannedRun) -> list[PlannedRun]:
    """The first run, and what becomes of it at either end of each range and with each choice, as far as that can be run."""
    ends = [(key, end) for key, one in plan.ranges.items() for end in (one.low, one.high)]
    ends += [(key, value) for key, values in plan.choices.items() for value in values]
    library, found = lab.library(), [first]
    for key, value in ends:
        with contextlib.suppress(UsageError):
            found.append(planned(library, plan, plan.preset, 1, {**first.point, key: value})[0])
    return found


class Searcher:
    """Works on one search until its trials are done."""

    def __init__(self, lab: Lab, plan: SearchPlan, study: str, *, parallel: int | None = None) -> None:
        """`parallel`: trials under way at once; by default one for each device."""
        places = devices()
        number = max(1, sum(one.is_gpu for one in places))
        self._lab = lab
        self._plan = plan
        self._study = study
        self._library = lab.library()
        self._parallel = parallel or number
        self._per_device = math.ceil(self._parallel / number)
        self._sampling = Sampling(plan)
        self._asked: dict[str, Asked] = {}
        self._evaluations: dict[str, Evaluations] = {}
        self._told: set[str] = set()

    def lines(self, *, timeout: float | None = None, clock: Callable[[], float] = time.monotonic) -> Iterator[str]:
        """Search, and say what happens. After `timeout` seconds no new trial begins; those under way are waited for.

        Raises `LabError` if the trials break off without a result.
        """
        deadline = math.inf if timeout is None else clock() + timeout
        narrator = Narrator(self._lab)
        while True:
            snapshot = self._lab.snapshot()
            found = trials(self._plan, self._study, snapshot.runs)
            for trial in found:
                if trial.group in self._told:
                    continue
                if trial.state == "pending" or trial.group in self._asked:  # not what an earlier searcher has seen end
                    yield from narrator.lines(trial.runs, dict(snapshot.states))
                yield from self._hear(trial)
            _check_hope(found)
            under_way = sum(trial.state == "pending" for trial in found)
            if len(found) < self._plan.trials and clock() < deadline and under_way < self._parallel:
                if runs := self.propose(found):
                    enqueue(
                        self._lab,
                        runs,
                        Execution(per_device=self._per_device),
                        facts={"search": self._plan.model_dump(mode="json")},
                    )
                    continue
                deadline = -math.inf
                yield "The ranges hold no further settings."
            if not under_way:
                return
            time.sleep(POLL_SECONDS)

    def _hear(self, trial: Trial) -> Iterator[str]:
        """Tell the sampler what is new of a trial, and cut it short if that is no use."""
        asked = self._asked.get(trial.group)
        if asked is None:
            asked = self._asked[trial.group] = self._sampling.again(trial.point)
        if self._plan.prune != "none":
            if trial.group not in self._evaluations:
                self._evaluations[trial.group] = Evaluations(self._lab, trial)
            if asked.hopeless(self._evaluations[trial.group].losses()) and trial.state == "pending":
                yield f"trial {trial.number}: pruned"
                self._prune(trial)
        if trial.state == "pending":
            return
        self._told.add(trial.group)
        self._evaluations.pop(trial.group, None)
        value = trial.value
        if value is not None:
            asked.tell(value)
        elif trial.state == "pruned":
            asked.tell_pruned()
        else:
            asked.drop()

    def _prune(self, trial: Trial) -> None:
        for run in trial.runs:
            if not run.pending or run.status == "stopping":
                continue
            edit.prune(self._lab, run, f"pruned by the rule {self._plan.prune}, as its trial falls behind the others")

    def propose(self, found: tuple[Trial, ...]) -> list[PlannedRun]:
        """The runs of the next trial; none if the sampler has nothing new to propose. Raises `UsageError` if nothing can be run."""
        known = {trial.group for trial in found}
        fault = None
        for _ in range(FRUITLESS):
            asked, point = self._sampling.ask()
            try:
                runs = planned(self._library, self._plan, self._study, len(found) + 1, point)
            except UsageError as error:
                asked.drop()  # values that are right one by one and wrong together
                fault = error
                continue
            if runs[0].group not in known:
                self._asked[runs[0].group] = asked
                return runs
            asked.drop()
        if fault is not None and not found:
            raise fault
        return []


def _check_hope(found: tuple[Trial, ...]) -> None:
    """Raise `LabError` where the first trials all broke off."""
    broken = [trial for trial in found if trial.state == "broken off"]
    if len(broken) >= HOPE and len(broken) == len(found):
        run = broken[-1].runs[0]
        raise LabError(f"the first {len(broken)} trials broke off; the last, {run.id}, {run.status}: {run.reason}")
