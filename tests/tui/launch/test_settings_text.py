import pytest

from moetui.core.errors import UsageError
from moetui.tui.launch.settings_text import (
    changed_by,
    completed,
    explanation,
    matches,
    parse_settings,
    setting_text,
)


def test_several_settings_stand_in_one_line() -> None:
    line = "training.updates=50 schedule.kind=linear data.files='[\"my corpus.txt\"]' training.updates=60"
    assert parse_settings(line) == {
        "training.updates": 60,
        "schedule.kind": "linear",
        "data.files": ["my corpus.txt"],
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("training.update=5", "did you mean training.updates"),
        ("updates=5", "did you mean training.updates"),
        ("training.updates", "write key=value"),
        ("=5", "write key=value"),
        ("data.separator='x", "quotation mark"),
    ],
)
def test_a_bad_line_is_told_why(line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_settings(line)


def test_a_line_changes_and_removes_settings() -> None:
    settings = {"training.updates": 5, "schedule.warmup": 0.1}
    assert changed_by(settings, "training.updates=6 schedule.warmup=") == {"training.updates": 6}


def test_a_setting_replaces_the_other_way_of_saying_it() -> None:
    assert changed_by({"schedule.warmup": 0.1}, "schedule.warmup_updates=5") == {"schedule.warmup_updates": 5}


@pytest.mark.parametrize(
    ("key", "value"),
    [("training.updates", 5), ("data.files", ["a b.txt", "c"]), ("data.separator", "a b"), ("seed", 0)],
)
def test_a_setting_reads_back_as_it_is_shown(key: str, value: object) -> None:
    assert parse_settings(setting_text(key, value)) == {key: value}


def test_a_key_is_found_by_its_beginning_its_last_part_or_nearly() -> None:
    assert [info.key for info in matches("training.up", 3)] == ["training.updates"]
    assert "optimizer.momentum" in [info.key for info in matches("momen", 3)]
    assert "training.updates" in [info.key for info in matches("trianing.updates", 3)]
    assert matches("zzzzzz", 3) == []


def test_tab_completes_the_key_and_leaves_values_alone() -> None:
    assert completed("seed=1 training.up") == "seed=1 training.updates="
    assert completed("training.updates=5") == "training.updates=5"
    assert completed("zzzzzz") == "zzzzzz"
    assert completed("") == ""


def test_a_whole_key_is_explained_with_its_present_value_and_bounds() -> None:
    text = explanation("training.updates=5", {"training.updates": 120}, 6).plain
    assert "training.updates = 120" in text
    assert "≥ 1" in text
    assert "Optimizer updates." in text
    assert "linear" in explanation("schedule.kind", {}, 6).plain
    assert "schedule.horizon = none" in explanation("schedule.horizon", {}, 6).plain
