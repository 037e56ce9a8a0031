import itertools

from textual.app import App, ComposeResult

from moetui.core.planning.presets import Library
from moetui.tui.launch.preset_tree import PresetTree, ordered, size_text
from tests.tui.seen import seen

LIBRARY = Library.load()


def test_the_quickstart_comes_first_and_folders_stay_together() -> None:
    names = [preset.name for preset in ordered(LIBRARY)]
    assert names[0] == "quickstart"
    folders = [name.rpartition("/")[0] for name in names]
    assert len([folder for folder, _ in itertools.groupby(folders)]) == len(set(folders))
    assert folders.index("exp8") < folders.index("exp9") < folders.index("exp10")


def test_a_search_needs_all_words_in_any_order_and_case() -> None:
    found = [preset.name for preset in ordered(LIBRARY, "PHASE-1 lr-report")]
    assert found == ["lr-report/phase-1", "lr-report/phase-1-as-published"]
    assert ordered(LIBRARY, "no such thing") == []


def test_a_study_says_how_many_runs_it_has() -> None:
    assert size_text(LIBRARY.get("quickstart")) == "×3"
    assert size_text(LIBRARY.get("schedule/all")) == "×5"
    assert size_text(LIBRARY.get("base/moe-tiny")) == ""


class TreeApp(App[None]):
    """The tree alone."""

    def compose(self) -> ComposeResult:
        yield PresetTree()


async def test_a_name_gives_way_to_the_number_of_runs() -> None:
    app = TreeApp()
    async with app.run_test(size=(22, 60)) as pilot:
        tree = app.query_one(PresetTree)
        tree.fill(LIBRARY, (), "study", recent=())
        tree.fill(LIBRARY, (), "lr", recent=())
        await pilot.pause()
        counted = [line.rstrip() for line in seen(app).splitlines() if "×" in line]
        sizes = {size_text(preset) for preset in LIBRARY}
        assert counted
        assert {line.split()[-1] for line in counted} <= sizes
        assert any("…" in line for line in counted)
