"""The backends by name."""

import shutil
from collections.abc import Sequence

from engine.runfiles.rundir import RunDir
from moetui.core.cluster.execution import LOCAL, Execution
from moetui.core.cluster.interface import BACKENDS, Backend, Poll
from moetui.core.cluster.slurm import Slurm
from moetui.core.errors import UsageError
from moetui.core.machine import control
from moetui.core.machine.launcher import start_dispatcher
from moetui.core.workspace import Workspace


class Local:
    """The machine itself, by the dispatcher of the workspace. Everything about its runs stands in their directories."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def submit(self, runs: Sequence[RunDir], execution: Execution) -> None:
        """See that a dispatcher is at work; it finds the runs in the catalogue."""
        start_dispatcher(self._workspace)

    def poll(self) -> Poll:
        """Nothing that the run directories do not tell."""
        return Poll()

    def stop(self, run: RunDir, *, force: bool) -> None:
        """Signal the processes of a run."""
        if force:
            control.kill(run)
        else:
            control.request_stop(run)

    def gone(self, run: RunDir) -> str:
        """Its directory and locks tell."""
        return ""

    def describe(self) -> str:
        """Name it."""
        return "this machine"


def backends_here() -> tuple[str, ...]:
    """The backends that this machine reaches, itself first."""
    return (LOCAL, *(("slurm",) if shutil.which("sbatch") else ()))


def backend(name: str, workspace: Workspace) -> Backend:
    """The backend of this name. Raises `UsageError` if there is none."""
    if name == LOCAL:
        return Local(workspace)
    if name == "slurm":
        return Slurm(workspace)
    raise UsageError(f"--on {name}: there is {' and '.join(BACKENDS)}")
