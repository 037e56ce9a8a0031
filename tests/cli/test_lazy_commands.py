"""Commands are found by their names alone, and nobody waits for what belongs to others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import moetui.cli
from moetui.cli.commands import MODULES, commands_of

LOADED = """
import json, sys
from moetui.cli.main import main
sys.argv[0] = "moetui"
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded_by(*words: str) -> set[str]:
    """The modules that are loaded when the command line has done what these words ask for."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, timeout=60, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_table_names_every_command_of_every_module() -> None:
    sources = [path for folder in moetui.cli.__path__ for path in Path(folder).glob("*.py")]
    with_commands = {path.stem for path in sources if "\ndef register(" in path.read_text()}
    assert with_commands == set(MODULES)
    assert {module: tuple(commands_of(module)) for module in MODULES} == dict(MODULES)


def test_help_knows_every_command_and_needs_nothing_heavy() -> None:
    loaded = loaded_by("--help")
    assert {f"moetui.cli.{module}" for module in MODULES} <= loaded
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & {"torch", "textual", "rich", "numpy", "tinydb", "asyncio"}


def test_a_command_loads_no_other(tmp_path: Path) -> None:
    loaded = loaded_by("--workspace", str(tmp_path), "ls", "--json")
    assert {module for module in MODULES if f"moetui.cli.{module}" in loaded} == {"listing"}
    assert not {"numpy", "textual", "torch"} & loaded


@pytest.mark.parametrize(("typed", "meant"), [("lss", "ls"), ("compar", "compare"), ("export-hv", "export-hf")])
def test_a_misspelt_command_is_guessed_among_all(typed: str, meant: str) -> None:
    command = [sys.executable, "-m", "moetui.cli.main", typed]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"No such command '{typed}'. Did you mean '{meant}'" in done.stderr
