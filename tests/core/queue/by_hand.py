"""The queue worked off in the process of the test, step by step."""

import time
from collections.abc import Callable

from engine.runfiles.rundir import Launch
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.execution import Execution
from moetui.core.planning.plan import Selection, plan
from moetui.core.queue import enqueue
from moetui.core.queue.dispatch import Dispatcher
from moetui.core.runs.lab import Lab


def queued(lab: Lab, times: int = 0, rate: float = 0.05, *, per_device: int = 1) -> RunRecord:
    """A run of three updates that waits, and may be tried again so often."""
    selection = Selection(presets=("quickstart",), settings={"training.updates": 3, "optimizer.lr": rate})
    return enqueue.enqueue(lab, plan(lab.library(), selection), Execution(retries=times, per_device=per_device))[0]


def go_on(dispatcher: Dispatcher, until: Callable[[], bool] = lambda: False) -> None:
    """Let the dispatcher work until it has nothing to do, or the condition holds."""
    deadline = time.monotonic() + 60
    while dispatcher.step() is not None and not until():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def status(lab: Lab, run: RunRecord) -> str:
    return lab.see(lab.find(run.id)).status


def launch_of(lab: Lab, run: RunRecord) -> Launch:
    found = lab.run_dir(run).launch()
    assert found is not None
    return found
