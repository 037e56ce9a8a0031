"""Run after run with the interface open: neither its memory nor its descriptors nor the files grow."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from moetui.core.maintenance import garbage
from moetui.core.queue import edit
from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.core.queue.test_dispatch import ended, queue
from tests.e2e.test_endurance import in_tmux
from tests.e2e.test_terminal import Terminal, interfaces
from tests.faults.conftest import COUNTS
from tests.tui.lab_on_disk import end_run, write_run

pytestmark = [pytest.mark.slow, in_tmux]

SECONDS = 1800 if os.environ.get(COUNTS) else 40
WARM = 1 / 3
"""The share of the time after which everything has been used once."""

KEYS = ("1", "2", "Tab", "]", "3", "Down", "Enter", "Escape", "4", "5", "2", "m", "m", "?", "Escape")
MOST_BYTES = 4096 if os.environ.get(COUNTS) else 2**21
"""Bytes by which the interface may grow with each run: allocators are not exact, and in a short time each screen is new."""

SPREAD = 3 * 2**20
"""Bytes that come and go."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What there is of each after so many runs."""

    runs: int
    memory: int
    descriptors: int
    threads: int
    files: int


def sample(lab: Lab, process: psutil.Process, user: Path, runs: int) -> Sample:
    kept = sum(1 for folder in (lab.workspace.root, user) for path in folder.rglob("*") if path.is_file())
    return Sample(runs, process.memory_full_info().uss, process.num_fds(), process.num_threads(), kept)


def one_run(lab: Lab) -> None:
    """Queue a run, wait for its end, delete it and empty the trash."""
    (run,) = queue(lab, 0.05)
    eventually(lambda: ended(lab))
    edit.delete(lab, lab.find(run.id))
    garbage.remove(lab, garbage.find(lab, trash=True))


@pytest.mark.long
def test_short_runs_leave_nothing_behind(
    lab: Lab, user: Path, fake_engine: Callable[[str], None], tried: Counter[str]
) -> None:
    end_run(lab, write_run(lab, "a", name="first"))
    terminal = Terminal((120, 40), lab.workspace.root)
    try:
        terminal.open(["env", "FAKE_ENGINE=finish", sys.executable, "-m", "moetui.cli.main"])
        terminal.shows("Quickstart")
        (process,) = interfaces(lab)
        begin, samples, runs = time.monotonic(), [], 0
        while (passed := time.monotonic() - begin) < SECONDS:
            one_run(lab)
            runs += 1
            terminal.press(KEYS[runs % len(KEYS)])
            if passed > WARM * SECONDS:
                samples.append(sample(lab, process, user, runs))
        terminal.shows("moetui")
    finally:
        terminal.close()
    if path := os.environ.get(COUNTS):
        Path(f"{path}.short-runs").write_text("\n".join(map(str, samples)) + "\n")
    half = len(samples) // 2
    first, last = samples[:half], samples[half:]
    for what in (
        "descriptors",
        "threads",
        "files",
    ):  # some are open, or there, for a moment: what leaks raises the least
        assert min(getattr(one, what) for one in last) <= min(getattr(one, what) for one in first), what
    grown = min(one.memory for one in last) - min(one.memory for one in first)
    assert grown <= SPREAD + MOST_BYTES * (last[-1].runs - first[0].runs), samples[:: max(1, len(samples) // 20)]
    tried["short runs with the interface open"] += runs
