"""The interface tells when it has read everything, so that what waited for that can go on."""

from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from tests.tui.seen import until


async def test_the_app_tells_once_when_its_first_picture_is_there(lab: Lab) -> None:
    told: list[bool] = []
    app = MoetuiApp(lab, when_read=lambda: told.append(bool(app.picture.snapshot.taken)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: told)
        app.refresh_picture()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert told == [True]
