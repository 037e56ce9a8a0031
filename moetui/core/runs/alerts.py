"""Alerts without a daemon: whoever notes the end of a run, or a finding, has the user's command run, once for each of them.

    [notify]                                        in the user's settings, never in those of a workspace
    command = ["notify-send", "moetui"]             a list of words, or a line that is split as a shell would; no shell runs it

Each event is claimed by a file of the run directory before the command is started, so of several who note it one runs the command.
The command gets the event as JSON on stdin, from a process of its own (`moetui.core.runs.alerting`): nobody waits for it.
"""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from engine.runfiles.host import TOKEN_VARIABLE
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.metrics import encode
from engine.runfiles.rundir import Finding, RunDir
from engine.spec.harmless import harmless
from moetui.core.catalogue.records import RunRecord
from moetui.core.preferences import read_settings
from moetui.core.workspace import Workspace

Event = dict[str, Any]

_TOLD = (
    "name",
    "study",
    "preset",
    "status",
    "reason",
    "update",
    "updates",
    "retried",
    "final",
    "best",
    "ended",
    "tags",
)
"""What an event tells of its run."""


def tell_ends(workspace: Workspace, ended: Iterable[RunRecord]) -> None:
    """Have the user's command told of runs that have ended, and of what was found about them. Never raises."""
    command = read_settings(workspace).notify
    events: list[Event] = []
    for run in ended if command else ():
        if run.pending or not run.path:
            continue
        directory = RunDir(workspace.run_dir(run.path))
        token, findings = _launch_and_findings(directory)
        if _claim(workspace, directory, f"{run.status}-{token}"):
            events.append(_event(workspace, run, "ended"))
        events += _news(workspace, run, directory, findings)
    _start(workspace, command, events)


def tell_findings(workspace: Workspace, found: Iterable[tuple[RunRecord, Finding]]) -> None:
    """Have the user's command told of what was found about runs, notes apart. Never raises."""
    command = read_settings(workspace).notify
    events: list[Event] = []
    for run, finding in found if command else ():
        if run.path:
            events += _news(workspace, run, RunDir(workspace.run_dir(run.path)), [finding])
    _start(workspace, command, events)


def complain(workspace: Workspace, line: str) -> None:
    """Write a line into the log of alerts, if that is possible."""
    with contextlib.suppress(OSError), workspace.alerts_log.open("a", encoding="utf-8") as log:
        log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {harmless(line)}\n")


def _launch_and_findings(run: RunDir) -> tuple[str, tuple[Finding, ...]]:
    token = ""
    findings: tuple[Finding, ...] = ()
    with contextlib.suppress(DamagedFile, OSError):
        if (launch := run.launch()) is not None:
            token = launch.token
    with contextlib.suppress(DamagedFile, OSError):
        if (result := run.result()) is not None:
            findings = result.findings
    return token, findings


def _news(workspace: Workspace, run: RunRecord, directory: RunDir, findings: Iterable[Finding]) -> Iterable[Event]:
    return [
        _event(workspace, run, "finding") | {"finding": finding.model_dump()}
        for finding in findings
        if finding.severity != "note" and _claim(workspace, directory, f"finding-{finding.kind}")
    ]


def _claim(workspace: Workspace, run: RunDir, name: str) -> bool:
    """Whether the event of this name is ours to tell: nobody has told it, and we have written down that we do."""
    path = run.alerts / re.sub(r"[^A-Za-z0-9.-]", "-", name)[:100]
    try:
        path.parent.mkdir(exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
    except FileExistsError:
        return False
    except OSError as error:
        complain(workspace, f"{path}: {error.strerror}; the command is not run for {name}")
        return False
    return True


def _event(workspace: Workspace, run: RunRecord, event: str) -> Event:
    told = run.model_dump(include=set(_TOLD))
    return {"event": event, "run": run.id, **told, "workspace": str(workspace.root)}


def _start(workspace: Workspace, command: tuple[str, ...], events: list[Event]) -> None:
    """Start the process that runs the command for each event."""
    if not events:
        return
    task = {
        "command": [str(Path(command[0]).expanduser()), *command[1:]],
        "events": encode({"events": events})["events"],
    }
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "moetui.core.runs.alerting", str(workspace.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE},
        )
        assert process.stdin is not None
        with process.stdin as stdin:
            stdin.write(orjson.dumps(task))
    except OSError as error:
        complain(workspace, f"{command[0]}: {error.strerror or error}; {len(events)} events are not told")
