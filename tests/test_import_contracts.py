"""What each room of the house loads, seen in a fresh interpreter: the static contracts do not follow third parties."""

import ast
import functools
import graphlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).parents[1]

# Imports every module of the given packages, or the given modules, and tells which of them first brought what.
IMPORT_ALL = """
import importlib, json, pkgutil, sys

def walk(name):
    module = importlib.import_module(name)
    yield name
    for found in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
        if not found.name.endswith(".__main__"):  # a program: importing it runs it
            yield from walk(found.name)

brought_by, seen = {}, set()
for root in sys.argv[1:]:
    for name in walk(root):
        for loaded in sys.modules.keys() - seen:
            brought_by[loaded] = name
        seen |= sys.modules.keys()
print(json.dumps(brought_by))
"""


def contracts() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    return found


def contract_modules() -> list[str]:
    modules: list[str] = next(one for one in contracts() if "is light" in one["name"])["source_modules"]
    return modules


@functools.cache
def loaded_by(*names: str) -> dict[str, str]:
    """Every module in a fresh interpreter that has imported all of `names`, and which of our modules brought it."""
    command = [sys.executable, "-c", IMPORT_ALL, *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    brought_by: dict[str, str] = json.loads(done.stdout)
    return brought_by


MACHINE_LEARNING = ("torch", "transformers", "datasets", "tokenizers")
TERMINAL = ("textual", "typer", "rich", "plotext")

ROOMS = [
    pytest.param(
        contract_modules(), [*MACHINE_LEARNING, *TERMINAL, "numpy", "tinydb", "moetui"], id="contract modules"
    ),
    pytest.param(["engine"], [*TERMINAL, "tinydb", "moetui"], id="engine"),
    pytest.param(["moetui.core"], [*MACHINE_LEARNING, *TERMINAL], id="core"),
    pytest.param(["moetui.cli"], [*MACHINE_LEARNING, "textual", "plotext", "rich"], id="cli"),
    pytest.param(["moetui.tui"], [*MACHINE_LEARNING, "typer", "moetui.cli"], id="tui"),
]


@pytest.mark.parametrize(("names", "forbidden"), ROOMS)
def test_a_room_loads_nothing_that_belongs_to_another(names: list[str], forbidden: list[str]) -> None:
    brought_by = loaded_by(*names)
    assert set(names) <= brought_by.keys()
    assert {module: brought_by[module] for module in forbidden if module in brought_by} == {}


@pytest.mark.parametrize("room", ["moetui.core", "moetui.cli", "moetui.tui"])
def test_the_laboratory_loads_only_the_contract_modules_of_the_engine(room: str) -> None:
    brought_by = loaded_by(room)
    of_the_engine = {name: by for name, by in brought_by.items() if name.startswith("engine.")}
    light = tuple(f"{module}." for module in contract_modules())  # a contract package is light with all that is in it
    heavy = {name: by for name, by in of_the_engine.items() if not f"{name}.".startswith(light)}
    assert heavy == {}


def test_a_forbidden_import_would_be_seen(tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    (room / "__init__.py").touch()
    (room / "innocent.py").touch()
    (room / "guilty.py").write_text("import plotext\n")
    (room / "__main__.py").write_text("raise SystemExit(1)\n")
    command = [sys.executable, "-c", IMPORT_ALL, "room"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    brought_by = json.loads(done.stdout)
    assert (brought_by["plotext"], brought_by["room.innocent"]) == ("room.guilty", "room.innocent")


def circle(graph: grimp.ImportGraph) -> list[str]:
    """Files that import each other in a circle, also for their types only; none if there is no circle."""
    order = graphlib.TopologicalSorter({one: graph.find_modules_directly_imported_by(one) for one in graph.modules})
    try:
        order.prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_no_files_import_each_other_in_a_circle_not_even_for_their_types() -> None:
    graph = grimp.build_graph("engine", "moetui", cache_dir=None)
    assert len(graph.modules) > 400
    assert circle(graph) == []
    graph.add_import(importer="moetui.core.workspace", imported="moetui.core.runs.lab")
    assert set(circle(graph)) >= {"moetui.core.workspace", "moetui.core.runs.lab"}


def test_one_module_only_knows_plotext() -> None:
    importers = [path for path in (ROOT / "moetui").rglob("*.py") if "plotext" in imported_in(path)]
    assert len(importers) == 1, importers


def imported_in(path: Path) -> set[str]:
    """Top-level packages that a source file imports, wherever in it."""

    def names() -> Iterator[str]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module

    return {name.partition(".")[0] for name in names()}


BREACHES = [
    ("engine/spec/config.py", "import torch"),
    ("engine/runfiles/metrics.py", "import numpy"),
    ("engine/spec/schedules.py", "import engine.runfiles.metrics"),
    ("engine/model/router.py", "import engine.training.loop"),
    ("engine/training/loop.py", "import moetui.core.format"),
    ("moetui/core/errors.py", "import engine.training.reporter"),
    ("moetui/core/runs/status.py", "from engine.data import cache"),
    ("moetui/core/errors.py", "import moetui.core.planning.plan"),
    ("moetui/core/runs/lab.py", "import moetui.core.queue.enqueue"),
    ("moetui/core/science/joint.py", "import moetui.core.query.fields"),
    ("moetui/core/report/html.py", "import rich"),
    ("moetui/tui/live/row.py", "import moetui.tui.runs.marks"),
    ("moetui/tui/place.py", "import moetui.tui.app"),
    ("moetui/tui/chart/draw.py", "import moetui.tui.widgets.columns"),
    ("moetui/tui/feed.py", "import moetui.cli.output"),
    ("moetui/cli/output.py", "import plotext"),
]


@pytest.mark.slow
def test_every_contract_can_be_broken(tmp_path: Path) -> None:
    for folder in ("engine", "moetui"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert broken_in(tmp_path) == set()
    seen: set[str] = set()
    for file, line in BREACHES:
        path = tmp_path / file
        text = path.read_text() if path.exists() else ""
        path.write_text(f"{text}\n\n{line}\n")
        broken = broken_in(tmp_path)
        assert broken, f"{line} in {file} breaks no contract"
        seen |= broken
        path.write_text(text)
    assert seen == {one["name"] for one in contracts()}


def broken_in(folder: Path) -> set[str]:
    """The names of the contracts that the source in a folder breaks."""
    linter = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    done = subprocess.run(
        linter,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return {line.removesuffix(" BROKEN") for line in done.stdout.splitlines() if line.endswith(" BROKEN")}
