"""A power loss after a command, or at any change of a file in it: what was acknowledged is there, all else is undone."""

import os
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.commands import COMMANDS, HALF_WAY, prepare, told, words_of
from tests.faults.conftest import COUNTS, Serve, Server
from tests.faults.power import Disk
from tests.faults.states import copied, settled

pytestmark = pytest.mark.slow

STRIDE = 1 if os.environ.get(COUNTS) else 29
"""Of the places of a command every so many is tried, and the end of it always."""


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    return serve()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("prepared") / "workspace"
    prepare(root)
    return root


def test_what_was_not_synced_is_lost_in_this_model(tmp_path: Path) -> None:
    root, disk = tmp_path / "root", Disk(tmp_path / "root", tmp_path / "store")
    (root / "folder").mkdir(parents=True)
    (root / "there").write_text("old")
    disk.begin()
    (root / "there").write_text("new")
    (root / "named").write_text("not synced")
    (root / "unnamed").write_text("synced")
    disk._keep_file(root / "unnamed")
    disk._keep_names(root / "folder")
    disk.survivors(tmp_path / "first")
    assert {path.name: path.is_dir() or path.read_text() for path in (tmp_path / "first").iterdir()} == {
        "folder": True,
        "there": "old",
    }
    (root / "there").unlink()
    disk._keep_names(root)
    disk.survivors(tmp_path / "second")
    assert {path.name: path.is_dir() or path.read_text() for path in (tmp_path / "second").iterdir()} == {
        "folder": True,
        "named": "",
        "unnamed": "synced",
    }


def test_many_runs_whose_files_are_synced_together_are_queued_or_not(
    server: Server, prepared: Path, tmp_path: Path, tried: Counter[str]
) -> None:
    command = ["run", "base/moe-tiny", "--seeds", "12", "--detach"]
    base = tmp_path / "base"
    copied(prepared, base)
    before = server.state(base)
    whole = server.ask(base, command)
    after = server.state(base, "after")
    assert len(after["runs"]) == len(before["runs"]) + 12
    places = [0, *range(whole["seen"] // 10, whole["seen"], whole["seen"] // 10)]
    outcomes = []
    for at in places:
        folder, left = tmp_path / f"{at}", tmp_path / f"{at}-left"
        copied(prepared, folder)
        Disk(folder, tmp_path / f"{at}-disk").begin()
        server.ask(folder, command, at, 0, tmp_path / f"{at}-disk")
        Disk(folder, tmp_path / f"{at}-disk").survivors(left)
        settled(left)
        found = server.state(left, "after")
        assert not found["left"], at
        outcomes.append([told(before), told(after)].index(told(found)))
    assert outcomes[0] == 1  # what was acknowledged
    assert 0 in outcomes
    tried["power losses"] += len(places)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_power_loss_leaves_a_command_done_or_undone(
    server: Server, prepared: Path, tmp_path: Path, name: str, tried: Counter[str]
) -> None:
    base = tmp_path / "base"
    copied(prepared, base)
    command = words_of(name, base)
    before = server.state(base)
    whole = server.ask(base, command)
    after = server.state(base, "after")
    faults, places = [], [0, *range(1, whole["seen"] + 1, STRIDE)]
    for at in places:
        folder, left = tmp_path / f"{at}", tmp_path / f"{at}-left"
        copied(prepared, folder)
        disk = Disk(folder, tmp_path / f"{at}-disk")
        disk.begin()
        code = server.ask(folder, command, at, 0, tmp_path / f"{at}-disk")["code"]
        assert code == (-signal.SIGKILL if at else 0)
        disk.survivors(left)
        settled(left)
        found = server.state(left, "after")
        allowed = [before, after, *([HALF_WAY[name](before)] if name in HALF_WAY else [])] if at else [after]
        if told(found) not in [told(one) for one in allowed]:
            wrong = [run for run in found["runs"] if run not in allowed[-1]["runs"]]
            faults.append(f"{'killed at ' + str(at) if at else 'acknowledged'}: {wrong}")
        if found["left"]:
            faults.append(f"{'killed at ' + str(at) if at else 'acknowledged'}: left {found['left']}")
        for path in (folder, left, tmp_path / f"{at}-disk"):
            shutil.rmtree(path)
    assert not faults, "\n" + "\n".join(faults)
    tried["power losses"] += len(places)
