"""A fault at every change of a file of every command: what was acknowledged is there afterwards, and nothing else."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from moetui.core.queue.edit import label
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.faults.states import copied
from tests.tui.lab_on_disk import end_run, write_run

KINDS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "EROFS": errno.EROFS, "SIGKILL": 0}
STRIDE = 7
"""Of the places of a command every so many is tried in `make test`, with one kind of fault; `make faults` tries all."""

COMMANDS: dict[str, Sequence[str]] = {
    "run": ["run", "base/moe-tiny", "--seeds", "2", "--detach"],
    "rerun": ["rerun", "ended", "--detach"],
    "resume": ["resume", "stopped", "--detach"],
    "resume a pruned run": ["resume", "pruned", "--detach"],
    "rm": ["rm", "ended", "stopped"],
    "rm a waiting run": ["rm", "waits"],
    "restore": ["restore", "trashed"],
    "label": ["label", "ended", "stopped", "--tag", "new", "--note", "another"],
    "label a published result": ["label", "pub", "--note", "another"],
    "archive": ["label", "ended", "--archive"],
    "stop": ["stop", "waits"],
    "queue hold": ["queue", "hold", "waits"],
    "queue release": ["queue", "release", "held"],
    "queue move": ["queue", "move", "held", "1"],
    "reindex": ["reindex"],
    "doctor --fix": [":fix"],
    "ls": ["ls"],
}


@dataclass
class Server:
    """The process that runs the commands."""

    process: "subprocess.Popen[str]"
    asked: int = 0

    def ask(self, workspace: Path, command: Sequence[str], at: int = 0, kind: int = 0) -> dict[str, Any]:
        """Run a command; its exit code, the changes of files that it came to, and what it said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.asked += at > 0
        task = {"workspace": str(workspace), "command": list(command), "at": at, "kind": kind}
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def state(self, workspace: Path, *words: str) -> dict[str, Any]:
        """What the workspace holds, at once or after the next commands."""
        answer = self.ask(workspace, [":state", *words])
        assert answer["code"] == 0, answer["said"]
        found: dict[str, Any] = json.loads(answer["said"].splitlines()[-1])
        return found


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that counts and injects."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-w", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture(scope="module")
def server(shim: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without a user's settings."""
    home = str(tmp_path_factory.mktemp("home"))
    settings = {"XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home, "XDG_CACHE_HOME": home, "LD_PRELOAD": str(shim)}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | settings,
        cwd=Path(__file__).parents[2],
    ) as process:
        yield Server(process)
        process.kill()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a run of each kind."""
    root = tmp_path_factory.mktemp("prepared") / "workspace"
    root.mkdir()
    lab = Lab(Workspace(root))
    lab.found_catalogue()
    end_run(lab, write_run(lab, "ended"))
    end_run(lab, write_run(lab, "stopped"), "stopped", update=50)
    label(lab, end_run(lab, write_run(lab, "pruned", prunable=True), "stopped", update=50), tags=["pruned"])
    trashed = end_run(lab, write_run(lab, "trashed"))
    write_run(lab, "waits", created=2.0)
    write_run(lab, "held", created=3.0)
    from moetui.core.machine.starts import let_wait
    from moetui.core.queue.edit import delete

    delete(lab, trashed)
    let_wait(lab.run_dir(lab.find("held")), held=True)
    return root


def places(count: int, thorough: bool) -> Iterator[tuple[int, str]]:
    """The faults to try: the place, counted from 1, and the kind."""
    for at in range(1, count + 1):
        for index, kind in enumerate(KINDS):
            if thorough or (at + index * 2) % STRIDE == 0:
                yield at, kind


def told(state: dict[str, Any]) -> list[Any]:
    return [state["runs"], state["published"]]


def check(server: Server, prepared: Path, tmp_path: Path, name: str, *, thorough: bool) -> int:
    """Try the faults of one command; returns how many."""
    command = list(COMMANDS[name])
    base = tmp_path / "base"
    copied(prepared, base)
    if "pub" in command:
        lab = Lab(Workspace(base))
        command[command.index("pub")] = next(run.id for run in lab.records() if run.published)
    before = server.state(base)
    whole = server.ask(base, command)
    assert whole["code"] == 0, whole["said"]
    after = server.state(base, "after")
    assert after["left"] == []
    faults = []
    for number, (at, kind) in enumerate(places(whole["seen"], thorough)):
        folder = tmp_path / f"{number}"
        copied(prepared, folder)
        answer = server.ask(folder, command, at, KINDS[kind])
        found = server.state(folder, "after")
        killed = answer["code"] == -signal.SIGKILL
        allowed = [after] if answer["code"] == 0 else [before, after] if killed else [before]
        if name in HALF_WAY and answer["code"] != 0:
            allowed.append(HALF_WAY[name](before))
        wrong = []
        if told(found) not in [told(one) for one in allowed]:
            wrong.append(f"runs: {[run for run in found['runs'] if run not in before['runs']]}")
        if found["left"]:
            wrong.append(f"left: {found['left']}")
        if "Traceback" in answer["said"]:
            wrong.append(f"traceback: {answer['said'].splitlines()[-1]}")
        if wrong:
            faults.append(f"{kind} at {at} of {whole['seen']} (exit code {answer['code']}): {'; '.join(wrong)}")
        shutil.rmtree(folder)
    shutil.rmtree(base)
    assert not faults, "\n" + "\n".join(faults)
    return number + 1 if whole["seen"] else 0


def _stopped_first(before: dict[str, Any]) -> dict[str, Any]:
    """A run that waits is stopped before it is deleted; that is an act of its own."""
    runs = [run | {"status": "stopped"} if run["name"] == "waits" else run for run in before["runs"]]
    return before | {"runs": sorted(runs, key=repr)}


HALF_WAY = {"rm a waiting run": _stopped_first}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_fault_leaves_a_command_done_or_undone(server: Server, prepared: Path, tmp_path: Path, name: str) -> None:
    check(server, prepared, tmp_path, name, thorough=bool(os.environ.get("MOETUI_FAULTS")))
