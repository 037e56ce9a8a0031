"""A preset file that cannot be read takes nothing else with it."""

from pathlib import Path

import pytest

from moetui.core.errors import UsageError
from moetui.core.planning.presets import Library

GOOD = '[preset]\nname = "mine/good"\ntitle = "Good"\n'


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_other_files_are_read_and_each_fault_says_where(tmp_path: Path) -> None:
    write(tmp_path, "good.toml", GOOD)
    key = write(tmp_path, "key.toml", '[preset]\nname = "k"\ntitle = "K"\n[config]\ntrainin.updates = 5\n')
    toml = write(tmp_path, "toml.toml", "[preset\n")
    library, faults = Library.collect(tmp_path)
    assert library.get("mine/good").title == "Good"
    assert library.get("quickstart").built_in
    assert {fault.path for fault in faults} == {key, toml}
    assert f"{key}:5: trainin.updates" in faults[0].message


def test_a_name_that_is_taken_is_a_fault_of_the_second_file(tmp_path: Path) -> None:
    write(tmp_path, "a.toml", GOOD)
    second = write(tmp_path, "b.toml", GOOD.replace("Good", "Other"))
    library, faults = Library.collect(tmp_path)
    assert library.get("mine/good").title == "Good"
    assert [fault.path for fault in faults] == [second]
    assert "taken by" in faults[0].message


def test_loading_strictly_raises_the_first_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "broken.toml", "[preset\n")
    with pytest.raises(UsageError, match=str(path)):
        Library.load(tmp_path)


def test_a_folder_that_is_not_there_holds_no_presets(tmp_path: Path) -> None:
    library, faults = Library.collect(tmp_path / "presets")
    assert not faults
    assert len(list(library)) == len(list(Library.load()))


def test_an_expectation_is_read_and_an_unknown_metric_of_one_is_a_fault_with_its_line(tmp_path: Path) -> None:
    text = f'{GOOD}[[expected]]\nmetric = "val_accuracy"\nabove = 0.4\n'
    write(tmp_path, "good.toml", text)
    (entry,) = Library.load(tmp_path).get("mine/good").expected
    assert (entry.metric, entry.above, entry.below) == ("val_accuracy", 0.4, None)
    bad = write(tmp_path, "good.toml", text.replace("val_accuracy", "accuracy"))
    with pytest.raises(UsageError, match=rf"{bad}:5: \[expected\] metric"):
        Library.load(tmp_path)
    write(tmp_path, "good.toml", text.replace("above = 0.4\n", ""))
    with pytest.raises(UsageError, match="give above or below"):
        Library.load(tmp_path)
