"""A saved preset stands for the very runs it was saved from."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moetui.core.errors import LabError, UsageError
from moetui.core.planning.plan import PlannedRun, Selection, Variant, plan
from moetui.core.planning.preset_file import preset_texts, save
from moetui.core.planning.presets import Library

LIBRARY = Library.load()
NAMES = sorted(preset.name for preset in LIBRARY)


def runs_of(library: Library, name: str, **more: Any) -> list[PlannedRun]:
    return plan(library, Selection(presets=(name,), **more))


def settings_of(runs: list[PlannedRun]) -> set[tuple[str, int]]:
    return {(run.group.partition("/")[0], run.config.seed) for run in runs}


def reread(folder: Path, runs: list[PlannedRun]) -> list[PlannedRun]:
    save(folder, LIBRARY, runs, "mine/saved", replace=True)
    return runs_of(Library.load(folder), "mine/saved")


@settings(max_examples=40)
@given(
    name=st.sampled_from(NAMES),
    scale=st.sampled_from(["", "@tiny", "@9m"]),
    seeds=st.sampled_from([(), (1, 2), (7,)]),
    set_by_hand=st.sampled_from(
        [{}, {"schedule.warmup_updates": 3}, {"schedule.warmup": 0.05}, {"data.separator": '"\x7f\n'}]
    ),
    shapes=st.booleans(),
)
def test_what_is_read_again_is_what_was_saved(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    scale: str,
    seeds: tuple[int, ...],
    set_by_hand: dict[str, Any],
    shapes: bool,
) -> None:
    shaped = Variant("v", {"schedule.warmup": 0.2, "schedule.floor": 0.01})
    variants = (Variant("", {}), shaped) if shapes else ()
    try:
        runs = runs_of(LIBRARY, f"{name}{scale}", seeds=seeds, settings=set_by_hand, variants=variants)
    except UsageError:
        return  # this preset cannot take the setting
    assert settings_of(reread(tmp_path_factory.mktemp("presets"), runs)) == settings_of(runs)


def test_one_grid_is_one_file_that_extends_its_preset_and_explains_its_keys() -> None:
    runs = runs_of(
        LIBRARY, "quickstart", settings={"training.updates": 7}, axes={"optimizer.lr": (0.1, 0.2)}, seeds=(1, 2)
    )
    ((name, text),) = preset_texts(LIBRARY, runs, "short").items()
    tree = tomllib.loads(text)
    assert name == "short"
    assert tree["preset"]["extends"] == "quickstart"
    assert tree["config"] == {"training": {"updates": 7}}
    assert tree["grid"] == {"seed": [1, 2], "optimizer": {"lr": [0.1, 0.2]}}
    assert "# Optimizer updates. (≥ 1, updates)\ntraining.updates = 7" in text


def test_schedules_that_are_no_grid_become_the_members_of_a_study() -> None:
    texts = preset_texts(LIBRARY, runs_of(LIBRARY, "schedule/all@tiny"), "five")
    assert len(texts) == 6
    assert tomllib.loads(texts["five"])["preset"]["members"] == [name for name in texts if name != "five"]


def test_a_file_that_is_there_is_only_replaced_when_asked(tmp_path: Path) -> None:
    runs = runs_of(LIBRARY, "quickstart")
    path = save(tmp_path, LIBRARY, runs, "mine")
    path.write_text("precious")
    with pytest.raises(UsageError, match="is there already"):
        save(tmp_path, LIBRARY, runs, "mine")
    assert path.read_text() == "precious"
    save(tmp_path, LIBRARY, runs, "mine", replace=True)
    assert runs_of(Library.load(tmp_path), "mine")


@pytest.mark.parametrize("name", ["", "a@tiny", "../a", "a/../b", "/a", "a//b", ".hidden", "a b"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name of a preset"):
        save(tmp_path, LIBRARY, runs_of(LIBRARY, "quickstart"), name)
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_taken_is_refused_and_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    runs = runs_of(LIBRARY, "quickstart")
    with pytest.raises(UsageError, match="is taken by"):
        save(tmp_path, LIBRARY, runs, "quickstart")
    (tmp_path / "mine").write_text("a file in the way of the folder")
    with pytest.raises(LabError, match="was not saved"):
        save(tmp_path, LIBRARY, runs, "mine/short")
