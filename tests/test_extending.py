"""Every recipe of docs/extending.md works as it stands there, in a copy of the repository."""

import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text()
RECIPES = {section.splitlines()[0]: section for section in PAGE.split("\n## ")[1:]}
EDIT = re.compile(
    r"^(?:New file `(?P<new>[^`]+)`|In `(?P<old>[^`]+)`, (?P<where>before|after) `(?P<line>.+)`):\n\n(?P<code>(?:(?: {4}.*)?\n)+)",
    re.M,
)
PARTS = ("engine", "moetui", "tests", "docs", "presets", "pyproject.toml", "runs.json", "Makefile")


def carry_out(recipe: str, copy: Path) -> list[str]:
    """Make the changes of a recipe in a copy; the files that it touches."""
    touched = []
    for edit in EDIT.finditer(recipe):
        code = textwrap.dedent(re.sub(r"^ {4}", "", edit["code"], flags=re.M)) if edit["new"] else edit["code"]
        name = edit["new"] or edit["old"]
        path = copy / name
        if edit["new"]:
            assert not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code.strip("\n") + "\n")
        else:
            added = re.sub(r"^ {4}", "", code.removesuffix("\n"), flags=re.M)
            before, line, after = path.read_text().partition(f"\n{edit['line']}\n")
            assert line, f"{name} has no line {edit['line']}"
            line = line[1:]
            path.write_text(
                f"{before}\n{added}{line}{after}" if edit["where"] == "before" else f"{before}\n{line}{added}{after}"
            )
        touched.append(name)
    return touched


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in RECIPES if name != "A screen"])
def test_a_recipe_works_as_it_stands(tmp_path: Path, name: str) -> None:
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "goldens"))
        else:
            shutil.copy(ROOT / part, tmp_path / part)
    touched = carry_out(RECIPES[name], tmp_path)
    assert touched
    hands = {path for path in touched if not path.startswith("tests/")}
    assert len(hands) <= (3 if name == "An optimizer" else 2)
    (checks,) = re.findall(r"^Check: (.+)$", RECIPES[name], flags=re.M)
    for command in re.findall(r"`([^`]+)`", checks):
        words = [sys.executable, *shlex.split(command)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_the_page_has_a_recipe_for_each_kind_of_thing() -> None:
    kinds = ("schedule", "optimizer", "detector", "Columns", "command", "preset", "screen")
    assert all(any(kind in name for name in RECIPES) for kind in kinds)
    assert all("Check: " in recipe for name, recipe in RECIPES.items() if name != "A screen")
