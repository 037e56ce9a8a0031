from moetui.core.presets import Library
from moetui.tui.launch.preset_tree import ordered, size_text

LIBRARY = Library.load()


def test_the_quickstart_comes_first_and_folders_stay_together() -> None:
    names = [preset.name for preset in ordered(LIBRARY)]
    assert names[0] == "quickstart"
    folders = [name.rpartition("/")[0] for name in names]
    assert folders == sorted(folders)


def test_a_search_needs_all_words_in_any_order_and_case() -> None:
    assert [preset.name for preset in ordered(LIBRARY, "PHASE lr-report")] == ["lr-report/phase-1"]
    assert ordered(LIBRARY, "no such thing") == []


def test_a_study_says_how_many_runs_it_has() -> None:
    assert size_text(LIBRARY.get("quickstart")) == "×3"
    assert size_text(LIBRARY.get("schedule/all")) == "×5"
    assert size_text(LIBRARY.get("base/moe-tiny")) == ""
