"""Laboratories in the states that every screen has to show well, the same at every time and on every machine."""

from collections.abc import Callable
from pathlib import Path

from engine.runfiles.host import boot_id, hostname
from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import share_procs_lock
from engine.runfiles.rundir import State
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from tests.tui.lab_on_disk import end_run, launch_entry, write_metrics, write_run

NOW = 1_800_000_000.0
"""What the clock says: Friday, 15 January 2027, 08:00 UTC."""

RATES = (0.02, 0.05, 0.1)


def empty(lab: Lab) -> None:
    """A catalogue without records."""
    lab.catalogue.replace_all([])


def published(lab: Lab) -> None:
    """A new workspace, which shows the published results."""


def running(lab: Lab) -> None:
    """One run in the middle of its training beside one that has ended."""
    finished_run(lab, 0)
    alive(lab, 1, silent=0.5)


def stalled(lab: Lab) -> None:
    """A run whose trainer lives and has been silent for an hour."""
    alive(lab, 1, silent=3600.0)


def diverged(lab: Lab) -> None:
    """A run that was given up beside a good one."""
    finished_run(lab, 0)
    end_run(
        lab,
        queued(lab, 2),
        "diverged",
        update=30,
        reason="the loss is nan at update 30",
        ended=NOW - 60,
        loss=lambda update: 8.0 + update if update < 30 else float("nan"),
    )


def finished(lab: Lab) -> None:
    """A study of three runs that have ended well."""
    for index in range(3):
        finished_run(lab, index)


def damaged(lab: Lab) -> None:
    """A catalogue that somebody broke."""
    finished_run(lab, 0)
    lab.workspace.runs_json.write_text('{"runs": {', encoding="utf-8")


STATES: dict[str, Callable[[Lab], None]] = {
    build.__name__: build for build in (empty, published, running, stalled, diverged, finished, damaged)
}


def queued(lab: Lab, index: int) -> RunRecord:
    """A run of the study that has not begun."""
    rate = RATES[index]
    settings = {"optimizer": {"lr": rate}, "schedule": {"kind": "cosine", "warmup": 0.1, "floor": 0.1}}
    return write_run(
        lab,
        f"run{index}aaa",
        name=f"study/lr={rate:g}",
        study="study",
        created=NOW - 600 + index * 1e-3,
        settings=settings,
    )


def finished_run(lab: Lab, index: int) -> RunRecord:
    """A run of the study that has ended well, the later the better."""
    return end_run(
        lab,
        queued(lab, index),
        ended=NOW - 300 + index,
        loss=lambda update: 8.0 / (update + index) ** (0.1 + index / 50),
    )


def alive(lab: Lab, index: int, *, silent: float) -> RunRecord:
    """A run that this process keeps alive, at update 40, whose trainer spoke so many seconds ago."""
    record = queued(lab, index)
    run = lab.run_dir(record)
    write_file(run.launch_file, launch_entry(NOW - 120))
    write_metrics(run, 40)
    state = State(
        phase="running",
        update=40,
        updates=record.updates,
        tokens_per_second=5000.0,
        eta_seconds=30.0,
        heartbeat=NOW - silent,
        started=NOW - 120,
        pid=4_194_305,
        host=hostname(),
        boot_id=boot_id(),
        device="cpu",
    )
    write_file(run.state_file, state)
    share_procs_lock(Path(run.procs_lock))  # goes with this process
    return record
