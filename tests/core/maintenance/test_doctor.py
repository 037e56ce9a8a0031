"""What the doctor says of GPUs, by the driver and by torch."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from moetui.core.maintenance.doctor import Check, examine
from moetui.core.workspace import Workspace
from tests.core.fake_nvml import Card, FakeNvml

REFUSAL = "The NVIDIA driver on your system is too old (found version 11040)"


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


def test_without_any_gpu_what_torch_says_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(driver=False))
    torch_says(monkeypatch, {"torch": "2.13.0+cpu", "gpus": [], "refusal": "Torch not compiled with CUDA enabled"})
    assert [check.state for check in gpu_checks(tmp_path)] == ["note", "note"]


def test_a_torch_that_cannot_be_started_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(driver=False))
    monkeypatch.setattr("moetui.core.maintenance.doctor.sys.executable", str(tmp_path / "none"))
    assert [check.state for check in gpu_checks(tmp_path)] == ["note", "error"]
