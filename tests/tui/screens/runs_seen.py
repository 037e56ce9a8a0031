"""What one sees of the Runs screen."""

from textual.pilot import Pilot
from textual.widgets import Static

from moetui.core.planning.presets import Library
from moetui.core.runs.published import published_records
from moetui.tui.app import MoetuiApp
from moetui.tui.runs.screen import RunsScreen
from moetui.tui.widgets.run_table import RunTable
from tests.tui.seen import until

PUBLISHED = len(published_records(Library.load()))


def table(app: MoetuiApp) -> RunTable:
    """The list on the screen."""
    return app.screen.query_one(RunTable)


def names(app: MoetuiApp) -> list[str]:
    """The runs in it, from the top."""
    return [run.name for run in table(app).listing.runs]


def said(app: MoetuiApp, name: str) -> str:
    """The text of a part of the screen."""
    return str(app.screen.query_one(f"#{name}", Static).render())


async def listed(pilot: Pilot[None], app: MoetuiApp) -> None:
    """Wait until the list has runs."""
    await until(pilot, lambda: isinstance(app.screen, RunsScreen) and table(app).listing.runs)
