"""What executes runs, behind one interface: another scheduler is one more file with such a class, and its line in `backend`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.runfiles.rundir import RunDir
from moetui.core.cluster.execution import LOCAL, Execution

SCHEDULERS = ("slurm",)
BACKENDS = (LOCAL, *SCHEDULERS)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a scheduler tells of a job: whether it waits, works or is ending, why in its own words, and where."""

    phase: Literal["waiting", "working", "ending"]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Poll:
    """The jobs that a scheduler has, by their key, and when that was; `fault` tells why it is not known any better."""

    taken: float = 0.0
    jobs: Mapping[str, Seen] | None = None
    fault: str = ""


class Backend(Protocol):
    """Executes runs. Errors of the scheduler are `LabError`s of one line with its own words."""

    def submit(self, runs: Sequence[RunDir], execution: Execution) -> None:
        """Take runs that are executed alike, all or none; each run directory says afterwards what stands for it."""

    def poll(self) -> Poll:
        """What the scheduler has now, or had a few seconds ago."""

    def stop(self, run: RunDir, *, force: bool) -> None:
        """Ask a run that was submitted to stop, and if `force` end it; nothing if the scheduler has it no longer."""

    def gone(self, run: RunDir) -> str:
        """What became of the job of a run that the scheduler has no longer, in its words; "" if it does not tell."""

    def describe(self) -> str:
        """What it is, in a line. Raises `LabError` if it does not answer."""
