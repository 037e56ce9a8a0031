"""A fault at every change of a file of every command: what was acknowledged is there afterwards, and nothing else."""

import shutil
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.runfiles.rundir import Request, write_file
from moetui.core.machine.starts import let_wait
from moetui.core.queue.edit import delete, label
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.faults.conftest import Serve, Server
from tests.faults.kinds import KINDS, places
from tests.faults.states import copied
from tests.tui.lab_on_disk import die, end_run, write_run

STRIDE = 7
"""Of the faults of a command every so many is tried in `make test`; `make faults` tries all."""

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
    "stop a paused run": ["stop", "paused"],
    "stop a run before its retry": ["stop", "broken"],
    "queue hold": ["queue", "hold", "waits"],
    "queue release": ["queue", "release", "held"],
    "release": ["release", "paused"],
    "queue move": ["queue", "move", "held", "1"],
    "import": ["import", "theirs.csv"],
    "reindex": ["reindex"],
    "doctor --fix": [":fix"],
    "ls": ["ls"],
}


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve()


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
    paused = write_run(lab, "paused")
    write_file(lab.run_dir(paused).request_file, Request(stop=True, pause=True, asked=1.0, token="gone"))
    end_run(lab, paused, "stopped", update=50)
    die(lab, write_run(lab, "broken", retries=3), update=20)
    trashed = end_run(lab, write_run(lab, "trashed"))
    write_run(lab, "waits", created=2.0)
    write_run(lab, "held", created=3.0)
    delete(lab, trashed)
    (root / "theirs.csv").write_text("run,step,loss\na,1,5.0\na,2,4.0\nb,1,5.5\nb,2,4.5\n")
    let_wait(lab.run_dir(lab.find("held")), held=True)
    return root


def told(state: dict[str, Any]) -> list[Any]:
    return [state["runs"], state["published"]]


def check(server: Server, prepared: Path, tmp_path: Path, name: str) -> int:
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
    faults, number = [], 0
    for number, (at, kind) in enumerate(places(whole["seen"], STRIDE), 1):
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
    return number


def _stopped_first(before: dict[str, Any]) -> dict[str, Any]:
    """A run that waits is stopped before it is deleted; that is an act of its own."""
    runs = [run | {"status": "stopped"} if run["name"] == "waits" else run for run in before["runs"]]
    return before | {"runs": sorted(runs, key=repr)}


HALF_WAY = {"rm a waiting run": _stopped_first}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_fault_leaves_a_command_done_or_undone(
    server: Server, prepared: Path, tmp_path: Path, name: str, tried: Counter[str]
) -> None:
    tried[f"`{name}`"] = check(server, prepared, tmp_path, name)
