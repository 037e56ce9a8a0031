"""The line to type in."""

from textual.app import App, ComposeResult
from textual.events import Paste

from moetui.tui.dialogs.pick import Choice, Finder, Pick, Rows
from moetui.tui.widgets.line import Line


class LineApp(App[None]):
    """A line alone."""

    def compose(self) -> ComposeResult:
        yield Line("old ", entered=lambda text: None)


async def test_a_pasted_text_keeps_all_its_lines() -> None:
    app = LineApp()
    async with app.run_test() as pilot:
        line = app.query_one(Line)
        line.post_message(Paste("status:finished\nlr>=0.05\n"))
        await pilot.pause()
        assert line.value == "old status:finished lr>=0.05"


async def test_what_is_pasted_into_a_list_is_looked_for_as_a_whole() -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        await app.push_screen(Pick("Sort by", [Choice("a", "val loss"), Choice("b", "validation")]))
        await pilot.pause()
        app.screen.query_one(Finder).post_message(Paste("val\nloss\n"))
        await pilot.pause()
        assert app.screen.query_one(Finder).value == "val loss"
        assert [choice.key for choice in app.screen.query_one(Rows).shown] == ["a"]


async def test_spaces_are_looked_for_where_one_thing_is_picked() -> None:
    app = App[None]()
    async with app.run_test() as pilot:
        await app.push_screen(Pick("Sort by", [Choice("a", "val loss"), Choice("b", "validation")]))
        await pilot.press(*"val", "space", *"lo")
        await pilot.pause()
        assert app.screen.query_one(Finder).value == "val lo"
        assert [choice.key for choice in app.screen.query_one(Rows).shown] == ["a"]
