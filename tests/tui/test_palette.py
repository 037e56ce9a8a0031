"""The command palette when keys come faster than it works."""

from textual.command import CommandList
from textual.events import Key

from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.palette import Palette
from moetui.tui.place import PlaceScreen
from tests.tui.seen import until


def first(app: MoetuiApp) -> str:
    """What the palette has found first."""
    found = app.screen.query_one(CommandList).options
    return str(found[0].prompt) if found else ""


async def test_of_several_enters_one_chooses_and_the_others_do_nothing(lab: Lab) -> None:
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        before = app.theme
        await pilot.press("colon", *"change the colours")
        await until(pilot, lambda: first(app).startswith("Change the colours"))
        assert isinstance(app.screen, Palette)
        palette = app.screen
        await pilot.press("down")
        for _ in range(2):
            palette._action_command_list("select")
        palette._select_or_command()
        await until(pilot, lambda: isinstance(app.screen, PlaceScreen))
        palette.dismiss()
        palette._select_or_command()
        app.post_message(Key("escape", None))
        await pilot.pause(0.2)
        assert app._exception is None
        assert isinstance(app.screen, PlaceScreen)
        assert (before, app.theme) == ("textual-dark", "moetui-light")
