"""The glossary names what there is, and each word once."""

import importlib
import re
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs" / "glossary.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
ENTRIES = [row for row in ROWS if row[0] != "word"]


def test_every_word_has_one_meaning() -> None:
    words = [word.strip() for row in ENTRIES for word in row[0].split(",")]
    assert len(words) > 60
    assert sorted(words) == sorted(set(words))


def test_what_holds_a_word_exists() -> None:
    named = [name for row in ENTRIES for name in re.findall(r"`((?:core|tui|engine)\.[\w.]+)`", row[2])]
    assert len(named) > 45
    for name in named:
        assert exists(name if name.startswith("engine") else f"moetui.{name}"), name


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return hasattr(importlib.import_module(module), attribute)
    return True
