"""A kill storm: commands, dispatchers and trainers are killed at random while a workspace is worked on, and a book is kept of it.

A command that said that it succeeded must have happened, one that failed must not, one that was killed may have or not. In the end
nothing is left behind, and every run can be brought to its end.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.faults.conftest import Server

UPDATES = 30
RETRIES = 2
SITE = """
import sys
if "moetui.core.queue.dispatch" in sys.orig_argv:
    from moetui.core.machine import retries
    retries.FIRST_PAUSE = 0.1
"""
"""What Python processes of a storm do first: retries begin soon."""

FURTHEST = 40
"""Changes of files before which a command is killed, if it comes to so many."""


@dataclass
class Said:
    """What a run may be now: the values that an acknowledged command left, or that a killed one may have left."""

    note: set[str] = field(default_factory=lambda: {""})
    deleted: set[bool] = field(default_factory=lambda: {False})
    archived: set[bool] = field(default_factory=lambda: {False})


@dataclass
class Storm:
    """One storm over a workspace; `kills` counts the commands and the processes that were killed."""

    server: Server
    workspace: Path
    draw: Random
    book: dict[str, Said] = field(default_factory=dict)
    commands: int = 0
    kills: int = 0
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lab = Lab(Workspace(self.workspace))

    def round(self) -> None:
        """A command, perhaps killed on the way, and perhaps the death of another process."""
        if self.draw.random() < 0.5:
            self._kill_one()
        runs = self._runs()
        run = self.draw.choice(sorted(runs)) if runs else ""
        kind = self.draw.choice(_KINDS) if run else "run"
        at = self.draw.randint(1, FURTHEST) if self.draw.random() < 0.7 else 0
        command, change = self._command(kind, run)
        answer = self.server.ask(self.workspace, command, at, 0)
        self.commands += 1
        killed = answer["code"] == -signal.SIGKILL
        self.kills += killed
        if "Traceback" in answer["said"]:
            self.faults.append(f"{' '.join(command)}: {answer['said'].splitlines()[-1]}")
        if answer["code"] < 0 and not killed:
            self.faults.append(f"{' '.join(command)}: signal {-answer['code']}")
        if change is not None and (killed or answer["code"] == 0):
            self._write_down(run, *change, killed=killed)
        self._compare(" ".join(command), new=kind in _MAKERS, acknowledged=answer["code"] == 0, killed=killed)

    def settle(self) -> None:
        """Kill nothing more, let everything come to its end, and look at what is left."""
        self._ask(":fix")
        deadline = time.monotonic() + 120
        while pending := [run for run in self._runs().values() if run.pending or self.lab.see(run).pending]:
            for run in pending:
                if self.lab.see(run).status in ("held", "paused"):
                    self._ask("release", run.id)
            self._ask("ls")
            if time.monotonic() > deadline:
                self.faults.append(f"never ended: {[(run.id, self.lab.see(run).status) for run in pending]}")
                return None
            time.sleep(0.05)
        for run in self._runs().values():
            if (run.retried or 0) > RETRIES:
                self.faults.append(f"{run.id} was tried again {run.retried} times")
        left = [run.id for run in self._runs().values() if run.status in ("stopped", "killed", "lost")]
        if left:
            self._ask("resume", *left, "--detach")
            return self.settle()
        self._ask(":fix")
        self._compare("the end", new=False, acknowledged=True, killed=False)
        state = self.server.state(self.workspace, "after")
        self.faults += [f"left: {one}" for one in state["left"]]
        self.faults += [
            f"{run.id} ended as {run.status}: {run.reason}" for run in self._runs().values() if run.status != "finished"
        ]
        return None

    def _command(self, kind: str, run: str) -> tuple[list[str], tuple[str, object] | None]:
        """The words of a command, and which value of the run it sets, if it sets one that is kept in the book."""
        note = f"note {self.commands}"
        return {
            "run": (
                ["run", "base/moe-tiny", "--set", f"training.updates={UPDATES}", "--retries", f"{RETRIES}", "-d"],
                None,
            ),
            "rerun": (["rerun", run, "-d"], None),
            "resume": (["resume", run, "-d"], None),
            "stop": (["stop", run], None),
            "pause": (["pause", run], None),
            "release": (["release", run], None),
            "hold": (["queue", "hold", run], None),
            "top": (["queue", "top", run], None),
            "label": (["label", run, "--note", note], ("note", note)),
            "archive": (["label", run, "--archive"], ("archived", True)),
            "back": (["label", run, "--no-archive"], ("archived", False)),
            "rm": (["rm", run], ("deleted", True)),
            "restore": (["restore", run], ("deleted", False)),
            "reindex": (["reindex"], None),
            "fix": ([":fix"], None),
            "ls": (["ls"], None),
        }[kind]

    def _write_down(self, run: str, name: str, value: object, *, killed: bool) -> None:
        before: set[object] = getattr(self.book[run], name)
        setattr(self.book[run], name, before | {value} if killed else {value})

    def _compare(self, what: str, *, new: bool, acknowledged: bool, killed: bool) -> None:
        """Hold the workspace against the book."""
        found = self._runs(everything=True)
        unknown = found.keys() - self.book.keys()
        expected = [1] if new and acknowledged else [0, 1] if new and killed else [0]
        if len(unknown) not in expected:
            self.faults.append(f"{what}: {len(unknown)} new runs")
        self.book |= {run: Said() for run in unknown}
        for run, said in self.book.items():
            record = found.get(run)
            if record is None:
                self.faults.append(f"{what}: run {run} is gone")
                continue
            now = {"note": record.note, "deleted": record.deleted is not None, "archived": record.archived is not None}
            for name, value in now.items():
                if value not in getattr(said, name):
                    self.faults.append(f"{what}: {name} of {run} is {value!r}, not {getattr(said, name)}")
                setattr(said, name, {value})  # from now on it is known

    def _runs(self, *, everything: bool = False) -> dict[str, RunRecord]:
        records = [*self.lab.records(), *(self.lab.records(deleted=True) if everything else ())]
        return {run.id: run for run in records if not run.published}

    def _ask(self, *command: str) -> None:
        answer = self.server.ask(self.workspace, command)
        self.commands += 1
        if "Traceback" in answer["said"]:
            self.faults.append(f"{' '.join(command)}: {answer['said'].splitlines()[-1]}")

    def _kill_one(self) -> None:
        """Kill a dispatcher or a trainer of the workspace, if there is one."""
        if victims := sorted(_processes(self.workspace)):
            self.kills += 1
            try:
                os.kill(self.draw.choice(victims), signal.SIGKILL)
            except ProcessLookupError:
                self.kills -= 1


_MAKERS = frozenset({"run", "rerun"})
_KINDS = (
    *("run", "rerun", "resume", "resume", "stop", "pause", "release", "release", "hold", "top"),
    *("label", "label", "archive", "back", "rm", "restore", "reindex", "fix", "ls"),
)


def _processes(workspace: Path) -> Iterator[int]:
    """The dispatchers and trainers of a workspace, by their command line."""
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if "-m" in words and any(str(workspace) in word for word in words) and process.pid != os.getpid():
                yield process.pid
        except psutil.Error:
            continue
