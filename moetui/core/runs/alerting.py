"""`python -m moetui.core.runs.alerting WORKSPACE` runs the user's command for each event of the task on stdin, one after another.

The task is a JSON object: `command`, a list of words, and `events`. What fails is written into the log of alerts.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from moetui.core.runs.alerts import complain
from moetui.core.workspace import Workspace

PATIENCE: Final = 30.0
"""Seconds that the command may take for one event."""


def tell(workspace: Workspace, command: Sequence[str], event: dict[str, Any], patience: float = PATIENCE) -> None:
    """Run the command with one event on its stdin; a failure is written into the log of alerts."""
    what = f"{event['event']} {event['run']}: {command[0]}"
    try:
        done = subprocess.run(
            command,
            input=orjson.dumps(event) + b"\n",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=workspace.root,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        complain(workspace, f"{what}: still at work after {patience:g} seconds; killed")
    except (OSError, ValueError) as error:
        complain(workspace, f"{what}: {getattr(error, 'strerror', None) or error}")
    else:
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip().splitlines()
            complain(workspace, f"{what}: exit code {done.returncode}{f': {words[-1][:300]}' if words else ''}")


def main(arguments: Sequence[str]) -> int:
    """Do the task of stdin."""
    task = orjson.loads(sys.stdin.buffer.read())
    for event in task["events"]:
        tell(Workspace(Path(arguments[0])), task["command"], event)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
