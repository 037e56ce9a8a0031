"""Runs commands in forked children, with a fault at the nth change of a file; one process, so that nothing is imported anew.

Reads a JSON object from each line of stdin and answers with one on stdout:

    {"workspace": DIR, "command": [ARGUMENT, …], "at": N, "kind": ERRNO, "disk": DIR}  ->  {"code": …, "seen": …, "said": "…"}

`at` 0 lets all calls pass and counts them; `kind` 0 is SIGKILL. `disk` is where it is noted what a power loss would leave (see
tests.faults.power), or "". The commands `:fix` (that of `doctor`), `:state`, `:state after` (the next commands first), `:dispatch`
and `:train RUN_DIR` are not those of the command line.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

from moetui.cli.commands import MODULES, commands_of
from moetui.core.maintenance.orphans import find, reconcile
from moetui.core.queue import dispatch
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.faults.power import Disk
from tests.faults.states import state
from tests.starters import STARTERS

REAL = "MOETUI_FAULTS_REAL"
"""Environment variable: commands start real dispatchers, as they do for users."""

LONGEST = 60
"""Seconds that a command may take before it counts as hung."""

shim = ctypes.CDLL(None)


def run_command(workspace: Path, command: list[str]) -> int:
    """What a child does; returns its exit code."""
    lab = Lab(Workspace(workspace))
    if command[0] == ":fix":
        print(*reconcile(lab, find(lab)), sep="\n")
        return 0
    if command[0] == ":state":
        for line in reconcile(lab, find(lab)) if command[1:] == ["after"] else ():
            print(line)
        print(orjson.dumps(state(lab)).decode())
        return 0
    if command[0] == ":dispatch":
        return dispatch.main([str(workspace), str(os.open(os.devnull, os.O_RDONLY))])
    if command[0] == ":train":
        from engine.training.worker import work

        return work(Path(command[1]), lambda: False)
    os.environ["MOETUI_WORKSPACE"] = str(workspace)
    sys.argv = ["moetui", *command]
    from moetui.cli.main import main

    try:
        main()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    return 0


def answer(task: dict[str, Any]) -> dict[str, Any]:
    """Run one command in a child of its own."""
    workspace = Path(task["workspace"])
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            code = 70
            try:
                signal.alarm(LONGEST)
                null = os.open(os.devnull, os.O_RDONLY)
                os.dup2(null, 0)
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                sys.stdin, sys.stdout, sys.stderr = (os.fdopen(os.dup(n), "w" if n else "r") for n in range(3))
                os.chdir(workspace)
                if task["disk"]:
                    Disk(workspace, Path(task["disk"])).note_syncs()
                    os.environ |= {"POWER_ROOT": str(workspace), "POWER_STORE": task["disk"]}  # for what it starts
                shim.fault_arm(os.fsencode(workspace), task["at"], task["kind"])
                code = run_command(workspace, task["command"])
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "seen": shim.fault_seen(),
            "said": said.read().decode(errors="replace"),
        }


def main() -> None:
    """Import what the commands need, then answer."""
    for module in MODULES:
        commands_of(module)
    for module in sys.argv[1:]:
        importlib.import_module(module)
    for starter in () if os.environ.get(REAL) else STARTERS:
        starter.start_dispatcher = lambda workspace: None  # type: ignore[attr-defined]  # `:dispatch` does what it would
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
