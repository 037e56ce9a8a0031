"""A fault at every change of a file of every command: what was acknowledged is there afterwards, and nothing else."""

import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.commands import COMMANDS, HALF_WAY, prepare, told, words_of
from tests.faults.conftest import Serve, Server
from tests.faults.kinds import KINDS, places
from tests.faults.states import copied

STRIDE = 7
"""Of the faults of a command every so many is tried in `make test`; `make faults` tries all."""


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a run of each kind."""
    root = tmp_path_factory.mktemp("prepared") / "workspace"
    prepare(root)
    return root


def check(server: Server, prepared: Path, tmp_path: Path, name: str) -> int:
    """Try the faults of one command; returns how many."""
    base = tmp_path / "base"
    copied(prepared, base)
    command = words_of(name, base)
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


LONGER = frozenset({"import", "fork", "rerun", "resume a pruned run", "rm a waiting run", "archive", "release"})
"""Commands with the most places, or that change what others change too."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name in LONGER)) for name in COMMANDS])
def test_a_fault_leaves_a_command_done_or_undone(
    server: Server, prepared: Path, tmp_path: Path, name: str, tried: Counter[str]
) -> None:
    tried[f"`{name}`"] = check(server, prepared, tmp_path, name)
