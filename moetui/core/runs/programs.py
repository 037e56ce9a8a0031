"""Using the model of a run: the engine's programs for it, run in the foreground."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Literal

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError, NotFoundError
from moetui.core.runs.lab import Lab

Program = Literal["generate", "export"]


def run_program(lab: Lab, record: RunRecord, program: Program, checkpoint: str, arguments: Sequence[str]) -> int:
    """Run one of the engine's programs on a checkpoint of a run; what it prints goes where our own output does.

    Returns its exit code. Raises `NotFoundError` if the run has no such checkpoint, `LabError` if the program was killed.
    """
    run = lab.run_dir(record)
    if not (run.checkpoints / checkpoint).exists():
        raise NotFoundError(f"{record.id} {record.name} ({lab.see(record).status}) has no checkpoint `{checkpoint}`")
    command = [sys.executable, "-P", "-m", f"engine.{program}", str(run.path), f"--checkpoint={checkpoint}", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, cwd=lab.workspace.root, check=False)
    if done.returncode < 0:
        raise LabError(f"engine.{program} was killed by signal {-done.returncode}")
    return done.returncode
