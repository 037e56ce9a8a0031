"""Every key of the table of actions does what the table says, in its place."""

from typing import get_args

import pytest
from textual.dom import DOMNode

from moetui.core.runs.lab import Lab
from moetui.tui.actions import Place, actions_of
from moetui.tui.app import MoetuiApp
from moetui.tui.place import PlaceScreen
from tests.tui.seen import until
from tests.tui.states import finished

WAYS: dict[str, tuple[str, list[str]]] = {
    "everywhere": ("runs", []),
    "form": ("launch", ["e"]),
    "hosts": ("runs", ["H"]),
    "log": ("live", ["l"]),
    "run": ("runs", ["enter"]),
}
"""Where to start, and what to press then, to get to the places that are no main screens."""


class Recorder(MoetuiApp):
    """Once it is told to, it notes which actions are asked for, and does none."""

    recording = False

    def __init__(self, lab: Lab, start: str) -> None:
        super().__init__(lab, start=start)
        self.asked: list[str] = []

    async def _do(self, action: str, node: DOMNode) -> bool:
        if not self.recording:
            return await super()._do(action, node)
        self.asked.append(action.removeprefix("app."))
        return True


@pytest.mark.parametrize("place", get_args(Place))
async def test_every_key_asks_for_its_action(lab: Lab, place: Place) -> None:
    finished(lab)
    start, way = WAYS.get(place, (place, []))
    app = Recorder(lab, start)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.picture.snapshot.taken and isinstance(app.screen, PlaceScreen))
        await pilot.pause()
        await pilot.press(*way)
        there = start if place == "everywhere" else place
        await until(pilot, lambda: isinstance(app.screen, PlaceScreen) and app.screen.place == there)
        app.recording = True
        for action in actions_of(place):
            for key in action.keys.split(","):
                app.asked.clear()
                await pilot.press(key)
                assert app.asked == [action.id], (key, action)
