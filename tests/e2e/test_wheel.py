"""The wheel, installed outside the checkout, is the whole program: commands, presets and the engine."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.long


def call(*words: str, cwd: Path, path: Path | None = None) -> str:
    """What a command prints; `path` is where the wheel was installed."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"HOME": str(cwd)}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel that is built from the files that git knows."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    known = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in known.splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    call(*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(source), cwd=folder)
    return folder


def test_an_installed_wheel_runs_its_doctor_lists_presets_and_trains(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    installed, workspace = tmp_path / "installed", tmp_path / "workspace"
    workspace.mkdir()
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    call(*pip, "install", "--no-deps", "--target", str(installed), str(wheel), cwd=tmp_path)

    def moetui(*words: str) -> str:
        return call(sys.executable, "-m", "moetui", *words, cwd=workspace, path=installed)

    where = call(sys.executable, "-c", "import moetui; print(moetui.__file__)", cwd=workspace, path=installed)
    assert Path(where.strip()).is_relative_to(installed)
    moetui("doctor")
    presets = {preset["name"] for preset in json.loads(moetui("presets", "--json"))}
    assert {path.stem for path in (ROOT / "presets").glob("*.toml")} <= presets
    moetui("run", "base/moe-tiny", "--set", "training.updates=2", "--json")
    (run,) = [run for run in json.loads(moetui("ls", "--json")) if run["status"] == "finished"]
    assert run["update"] == 2


def test_the_wheel_has_its_presets_inside_and_nothing_of_the_repository(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"engine", "moetui"}
    assert sum(name.startswith("moetui/presets/") for name in names) == sum(
        1 for _ in (ROOT / "presets").rglob("*.toml")
    )
    assert {"moetui/py.typed", "engine/py.typed"} <= set(names)
