"""The screens as SVG in docs/, drawn by the application itself from real runs.

    python -m pictures.screenshots [WORKSPACE [STUDY]]

Without a workspace the quickstart is trained first.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from textual.pilot import Pilot

from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from moetui.tui.app import MoetuiApp
from pictures.workspace import STUDY, trained

SIZE = (120, 36)
DOCS = Path(__file__).parents[1] / "docs"


async def screens(lab: Lab, study: str) -> AsyncIterator[tuple[str, str]]:
    """The name and the SVG of each screen, with the runs of a study."""
    runs = [run.id for run in sorted(lab.records(), key=lambda run: run.created) if run.study == study]
    app = MoetuiApp(lab, watch=runs, remote=False, charset="braille")
    async with app.run_test(size=SIZE) as pilot:
        for name in MoetuiApp.MODES:
            await app.action_show(name)
            if name == "compare":
                await pilot.press("slash", *study, "enter")
            yield name, await settled(pilot)
        await app.action_show("runs")
        await pilot.press("slash", *study, "enter", "enter")
        yield "run", await settled(pilot)


async def settled(pilot: Pilot[None]) -> str:
    """The screen as SVG once it has been the same for a second."""
    seen: list[str] = []
    while len(seen) < 5 or len(set(seen[-5:])) > 1:
        await pilot.pause(0.25)
        await pilot.app.workers.wait_for_complete()
        seen.append("\n".join(strip.text for strip in pilot.app.screen._compositor.render_strips()))
    return pilot.app.export_screenshot(title="moetui")


async def main(lab: Lab, study: str) -> None:
    """Write all of them."""
    async for name, svg in screens(lab, study):
        (DOCS / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"docs/{name}.svg")


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(
        main(Lab(Workspace(Path(given[0]).absolute())) if given else trained(), given[1] if given[1:] else STUDY)
    )
