"""The beginning of a job, on the node that it was given: it becomes the trainer of its run.

    python -m moetui.core.cluster.start LIST

LIST holds a run directory a line; the number of the task says which. It does what the launcher does on one machine: it writes
launch.json and sets the environment of the trainer. Then the trainer takes its place, so that the scheduler's signals reach it.
"""

import contextlib
import os
import secrets
import sys
import time
from pathlib import Path
from typing import NoReturn

from engine.runfiles.host import RANK_VARIABLES, TOKEN_VARIABLE, boot_id, hostname, machine_id
from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.locks import share_procs_lock
from engine.runfiles.rundir import Launch, RunDir
from moetui.core.cluster.node import CHECK, report
from moetui.core.machine.devices import CPU, SPINS, cores
from moetui.core.machine.starts import stays_stopped


def main(arguments: list[str]) -> int:
    """Become the trainer of the run of this task; returns, with an exit code, only if that cannot be."""
    listed = Path(arguments[0])
    if listed.name.startswith(CHECK):
        return report(listed, _environment("", 1))
    task = int(os.environ.get("SLURM_ARRAY_TASK_ID", "0"))
    run = RunDir(Path(listed.read_text().splitlines()[task]))
    try:
        devices = run.config().devices
        if stays_stopped(run):
            print(f"{run.path}: nothing is left to do", flush=True)
            return 0
        share = share_procs_lock(run.procs_lock)
        log = os.open(run.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        token = secrets.token_hex(16)
        environment = _environment(token, devices)
        device = environment["CUDA_VISIBLE_DEVICES"] or CPU
        launch = Launch(
            pid=os.getpid(),
            started=time.time(),
            host=hostname(),
            boot_id=boot_id(),
            machine=machine_id(),
            device=device,
            token=token,
        )
        write_file(run.launch_file, launch, durable=True)
    except (OSError, DamagedFile) as error:
        print(f"{run.path} cannot be started: {error}", file=sys.stderr, flush=True)
        return 1
    with contextlib.suppress(OSError, DamagedFile):
        if (request := run.request()) is not None and request.resume:
            run.request_file.unlink(missing_ok=True)
        run.queue_file.unlink(missing_ok=True)
    sys.stdout.flush()
    os.set_inheritable(share, True)
    os.dup2(log, 1)
    os.dup2(log, 2)
    return _become([sys.executable, "-P", "-m", "engine", str(run.path)], environment)


def _become(command: list[str], environment: dict[str, str]) -> NoReturn:
    os.execve(command[0], command, environment)  # noqa: S606  # a shell is what must not be there


def _environment(token: str, devices: int) -> dict[str, str]:
    """The environment of the trainer: the GPUs that the scheduler gave, none if it gave none, and threads for the cores it gave."""
    given = int(os.environ.get("SLURM_CPUS_PER_TASK") or os.environ.get("SLURM_CPUS_ON_NODE") or cores())
    usual = {"OMP_NUM_THREADS": str(max(1, given // devices)), "GOMP_SPINCOUNT": str(SPINS), "CUDA_VISIBLE_DEVICES": ""}
    own = {name: value for name, value in os.environ.items() if name not in RANK_VARIABLES}
    return usual | own | {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", TOKEN_VARIABLE: token}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
