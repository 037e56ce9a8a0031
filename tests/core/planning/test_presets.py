"""Preset files: what is built in is sound, and a fault is told with file and line."""

import shutil
from pathlib import Path

import pytest

from moetui.core.errors import NotFoundError, UsageError
from moetui.core.planning.plan import Selection, plan, resolve_chain
from moetui.core.planning.presets import BUILT_IN, Library
from moetui.core.toml_lines import line_of


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.load()


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder


HEAD = '[preset]\nname = "mine"\ntitle = "Mine"\nextends = "base/moe-tiny"\n'


def test_every_built_in_preset_resolves_and_is_named_like_its_file(library: Library) -> None:
    for preset in library:
        assert preset.path == BUILT_IN / f"{preset.name}.toml"
        assert preset.about
        assert plan(library, Selection(presets=(preset.name,)))


def test_the_reference_model_has_the_published_size(library: Library) -> None:
    model = resolve_chain(library.chain("base/moe-79m"), {}).model
    assert model.parameters == 79_059_840
    assert model.active_parameters == 36_592_512


def test_the_five_schedules_are_those_of_the_document(library: Library) -> None:
    runs = plan(library, Selection(presets=("schedule/all",)))
    table = {run.preset: (run.config.schedule.warmup, run.config.schedule.floor) for run in runs}
    assert table == {
        "schedule/conservative-warmup": (0.10, 0.05),
        "schedule/baseline": (0.05, 0.10),
        "schedule/no-warmup": (0.0, 0.10),
        "schedule/aggressive-warmup": (0.02, 0.20),
        "schedule/long-warmup": (0.20, 0.10),
    }
    assert {run.config.optimizer.lr for run in runs} == {0.065}
    assert {run.study for run in runs} == {"schedule/all"}


def test_phase_1_of_the_report_has_its_five_learning_rates(library: Library) -> None:
    runs = plan(library, Selection(presets=("lr-report/phase-1",)))
    assert [run.config.optimizer.lr for run in runs] == [0.001, 0.01, 0.03, 0.1, 0.3]
    assert {run.config.training.updates for run in runs} == {50}


def test_a_misspelt_key_is_told_with_file_line_and_the_nearest_key(tmp_path: Path) -> None:
    folder = write(tmp_path / "presets", HEAD + "[config]\ntraining.updates = 5\noptimizer.lrr = 0.1\n")
    with pytest.raises(UsageError, match=r"mine\.toml:7: optimizer\.lrr: no such key; did you mean optimizer\.lr\?"):
        Library.load(folder)


def test_a_value_out_of_bounds_is_told_with_the_file_that_gave_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "presets", HEAD + "[config]\noptimizer.lr = -1.0\n")
    child = '[preset]\nname = "child"\ntitle = "Child"\nextends = "mine"\n[config]\ntraining.updates = 3\n'
    write(folder, child, "child.toml")
    library = Library.load(folder)
    with pytest.raises(UsageError, match=r"mine\.toml:6: optimizer\.lr: should be greater than 0"):
        plan(library, Selection(presets=("child",)))


def test_a_value_given_by_hand_is_blamed_on_nobody_else(library: Library) -> None:
    with pytest.raises(UsageError, match=r"^optimizer\.lr: should be greater than 0, got -1"):
        plan(library, Selection(presets=("quickstart",), settings={"optimizer.lr": -1}))


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    folder = write(tmp_path / "presets", "[preset\n")
    with pytest.raises(UsageError, match=r"mine\.toml: not valid TOML: .*line 1"):
        Library.load(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "[settings]\na = 1\n", r":5: \[settings\] is no table"),
        (HEAD + '[grid]\n"optimizer.lr" = 0.1\n', r":6: optimizer\.lr: a grid needs a list"),
        (HEAD.replace("extends", "extend"), r":4: \[preset\] extend: no such key; did you mean extends"),
        (
            HEAD.replace("base/moe-tiny", "base/moe-tini"),
            r":4: no preset 'base/moe-tini' to extend; did you mean base/moe-tiny",
        ),
        (HEAD.replace('"base/moe-tiny"', '"mine"'), r":4: extends 'mine' goes round in a circle"),
        (HEAD.replace('"mine"', '"quickstart"'), r"the name 'quickstart' is taken"),
        (HEAD.replace("title", "heading"), r"\[preset\] heading|\[preset\] title"),
    ],
)
def test_faults_of_a_preset_file_say_where_and_what(tmp_path: Path, text: str, message: str) -> None:
    folder = write(tmp_path / "presets", text)
    with pytest.raises(UsageError, match=message):
        Library.load(folder).chain("mine")


def test_an_unknown_preset_names_the_nearest(library: Library) -> None:
    with pytest.raises(NotFoundError, match="did you mean quickstart"):
        library.get("quikstart")
    with pytest.raises(NotFoundError, match="did you mean lr-report/phase-1"):
        library.get("phase-1")


@pytest.mark.parametrize(
    ("text", "table", "key", "line"),
    [
        ("[config]\na.b = 1\n", "config", "a.b", 2),
        ('[config]\n"a.b" = 1\n', "config", "a.b", 2),
        ("[config.a]\nx = 0\nb = 1 # b\n", "config", "a.b", 3),
        ("[config]\na = { c = 2, b = 1 }\n", "config", "a.b", 2),
        ("# a.b = 1\n[grid]\na.b = 1\n[config]\na . b = 1\n", "config", "a.b", 5),
        ("[config]\n", "config", "", 1),
        ("[config]\n", "config", "a.b", None),
    ],
)
def test_the_line_of_a_key_is_found_in_every_way_of_writing_it(
    text: str, table: str, key: str, line: int | None
) -> None:
    assert line_of(text, table, key) == line


def test_copies_of_the_built_in_presets_are_the_same_presets_and_changed_ones_are_faults(tmp_path: Path) -> None:
    shutil.copytree(BUILT_IN, tmp_path / "presets")
    library, faults = Library.collect(tmp_path / "presets")
    assert len(list(library)) > 50
    assert faults == ()
    changed = tmp_path / "presets" / "quickstart.toml"
    changed.write_text(changed.read_text() + "\n# mine\n")
    library, faults = Library.collect(tmp_path / "presets")
    assert [fault.path for fault in faults] == [changed]
    assert library.get("quickstart").path == BUILT_IN / "quickstart.toml"
