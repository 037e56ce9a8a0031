"""What the doctor says of GPUs, by the driver and by torch."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from moetui.core.maintenance import doctor
from moetui.core.maintenance.doctor import _TRIED, Check, examine
from moetui.core.workspace import Workspace
from tests.core.fake_nvml import Card, FakeNvml

REFUSAL = "The NVIDIA driver on your system is too old (found version 11040)"


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that this machine belongs to is no part of these checks."""
    monkeypatch.setattr(doctor, "_slurm", lambda workspace: iter(()))


def torch_says(monkeypatch: pytest.MonkeyPatch, answer: object) -> list[list[str]]:
    """Let the process that starts torch answer this; returns the commands that were started."""
    started: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        started.append(command)
        return subprocess.CompletedProcess(command, 0, orjson.dumps(answer), b"")

    monkeypatch.setattr("moetui.core.maintenance.doctor.subprocess.run", run)
    return started


def gpu_checks(tmp_path: Path) -> list[Check]:
    return [check for check in examine(Workspace(tmp_path)) if check.name in ("gpu", "torch sees")]


def test_it_starts_torch_once_and_says_what_it_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(Card(uuid="GPU-a")))
    card = {"name": "NVIDIA H100", "memory": 81559 * 2**20, "capability": [9, 0]}
    started = torch_says(monkeypatch, {"torch": "2.13.0", "gpus": [card], "refusal": ""})
    driver, seen = gpu_checks(tmp_path)
    assert driver.state == "ok"
    assert seen == Check("torch sees", "ok", "NVIDIA H100, 81559 MB, compute capability 9.0")
    assert [command[-1] for command in started] == ["engine.training.probe"]


def test_a_gpu_that_the_driver_shows_and_torch_cannot_use_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(Card(uuid="GPU-a")))
    torch_says(monkeypatch, {"torch": "2.13.0", "gpus": [], "refusal": REFUSAL})
    (_, seen) = gpu_checks(tmp_path)
    assert seen.state == "error"
    assert REFUSAL in seen.message


@pytest.mark.parametrize(
    ("refusal", "state", "words"),
    [("", "ok", "NCCL 2.27.5, by which several GPUs"), ("no shared memory", "note", "NCCL 2.27.5: no shared memory")],
)
def test_whether_several_gpus_can_work_together_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: str, state: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(Card(uuid="GPU-a")))
    card = {"name": "NVIDIA H100", "memory": 81559 * 2**20, "capability": [9, 0]}
    answer = {"torch": "2.13.0", "gpus": [card], "refusal": "", "nccl": "2.27.5", "nccl_refusal": refusal}
    torch_says(monkeypatch, answer)
    found = gpu_checks(tmp_path)[-1]
    assert found.state == state
    assert words in found.message


def test_without_any_gpu_what_torch_says_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(driver=False))
    torch_says(monkeypatch, {"torch": "2.13.0+cpu", "gpus": [], "refusal": "Torch not compiled with CUDA enabled"})
    assert [check.state for check in gpu_checks(tmp_path)] == ["note", "note"]


def test_a_torch_that_cannot_be_started_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(driver=False))
    monkeypatch.setattr("moetui.core.maintenance.doctor.sys.executable", str(tmp_path / "none"))
    assert [check.state for check in gpu_checks(tmp_path)] == ["note", "error"]


@pytest.mark.parametrize(
    ("version", "status", "words"),
    [
        ("2.11.0+cu128", "ok", "2.11.0+cu128, tried with 2.11 and 2.13"),
        ("2.13.1", "ok", "2.13.1, tried with 2.11 and 2.13"),
        ("2.10.0", "note", "2.10.0, not tried; the tests ran with 2.11 and 2.13"),
        ("3.0.0a1", "note", "3.0.0a1, not tried; the tests ran with 2.11 and 2.13"),
    ],
)
def test_it_says_which_releases_of_torch_were_tried(
    version: str, status: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_says(monkeypatch, {"torch": version, "gpus": [], "refusal": REFUSAL})
    real = importlib.metadata.version
    monkeypatch.setattr("importlib.metadata.version", lambda name: version if name == "torch" else real(name))
    (found,) = [check for check in examine(Workspace(tmp_path)) if check.name == "torch"]
    assert (found.state, found.message) == (status, words)


def test_the_releases_that_were_tried_begin_where_the_package_allows_them() -> None:
    text = (Path(__file__).parents[3] / "pyproject.toml").read_text()
    lowest = {name: lowest for name, (lowest, _) in _TRIED.items()}
    assert all(f'"{name}>={version}"' in text for name, version in lowest.items())
