"""What a node tells of the workspace that it shares; the node is this process."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from moetui.core.cluster import node
from moetui.core.cluster.slurm import Slurm
from moetui.core.cluster.start import main
from moetui.core.errors import LabError
from moetui.core.maintenance import doctor
from moetui.core.maintenance.doctor import examine
from moetui.core.runs.lab import Lab
from tests.core.cluster.fake_slurm import FakeSlurm

TORCH = {"torch": "2.13.0", "gpus": [], "refusal": "no driver", "nccl": "", "nccl_refusal": ""}


@pytest.fixture
def slurm(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    fake = FakeSlurm(tmp_path_factory.mktemp("fake") / "slurm")
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.setattr(doctor, "_packages", lambda workspace: iter(()))
    monkeypatch.setattr(doctor, "_devices", lambda workspace: iter(()))
    return fake


@pytest.fixture
def answering(slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    """Jobs begin at once."""
    submit = Slurm.submit_alone

    def probe(environment: Mapping[str, str]) -> tuple[dict[str, Any], str]:
        return {**TORCH, "refusal": f"CUDA_VISIBLE_DEVICES={environment['CUDA_VISIBLE_DEVICES']}"}, ""

    def begin(self: Slurm, listed: Path) -> str:
        number = submit(self, listed)
        threading.Thread(target=main, args=([str(listed)],)).start()
        return number

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(node, "_probe", probe)
    monkeypatch.setattr(Slurm, "submit_alone", begin)
    return slurm


def told(lab: Lab, *, cluster: bool = True) -> dict[str, tuple[str, str]]:
    found = examine(lab.workspace, cluster=cluster)
    return {one.name: (one.state, one.message) for one in found if one.name.startswith("node")}


def test_a_node_that_shares_the_workspace_tells_what_it_can(lab: Lab, answering: FakeSlurm) -> None:
    found = told(lab)
    assert [state for state, _ in found.values()] == ["ok", "ok", "ok", "note"]
    assert "sees this workspace and is seen in it" in found["node"][1]
    assert found["node torch"][1] == "no GPU: CUDA_VISIBLE_DEVICES="
    assert "--array=0-0" in answering.asked("sbatch")[-1]
    assert answering.asked("scancel") == ["--quiet 7"]
    assert not list((lab.workspace.runs / ".slurm").glob("check-*"))
    assert told(lab, cluster=False) == {}


def test_locks_that_do_not_reach_a_node_and_its_clock_are_told(
    lab: Lab, answering: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "procs_alive", lambda path: False)
    ask, now = node.ask_node, time.time()
    monkeypatch.setattr(
        doctor, "ask_node", lambda *given: (ask(*given)[0].model_copy(update={"time": now + 90}), now, now)
    )
    found = told(lab)
    assert found["node locks"][0] == "note"
    assert (
        "does not see the locks of this machine; a run of another machine is judged by its heartbeat"
        in found["node locks"][1]
    )
    assert "90 s ahead of this machine's" in found["node clock"][1]


def test_a_node_that_gives_no_answer_is_told_with_what_slurm_says(
    lab: Lab, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_NODE_PATIENCE", 0.0)
    slurm.answer("squeue", "PENDING Resources\n")
    assert told(lab) == {"node": ("error", "no job was answered: job 7 has given no answer in 0 s: PENDING Resources")}
    slurm.refuse("sbatch", "sbatch: error: invalid partition specified: gpu\n")
    assert told(lab) == {"node": ("error", "no job was answered: invalid partition specified: gpu")}
    with pytest.raises(LabError):
        node.ask_node(Slurm(lab.workspace), 0.0)
    assert not list((lab.workspace.runs / ".slurm").glob("check-*"))
