"""Changes on disk that are asked for faster than the disk can make them."""

import asyncio
import threading

from moetui.core.errors import LabError
from moetui.tui.changes import Changes, Outcome


async def test_a_change_waits_for_those_before_it_and_does_not_hold_up_the_screen() -> None:
    changes, first_may_end, done = Changes(), threading.Event(), list[int]()

    def task(number: int) -> str:
        if number == 0:
            assert first_may_end.wait(60)
        done.append(number)
        return str(number)

    asked = [asyncio.ensure_future(changes.do(lambda number=number: task(number))) for number in range(8)]  # type: ignore[misc]
    await asyncio.sleep(0)  # the loop goes on while the first one is at work
    assert done == []
    first_may_end.set()
    assert [outcome.said for outcome in await asyncio.gather(*asked)] == [str(number) for number in range(8)]
    assert done == list(range(8))


async def test_one_that_fails_says_why_and_the_next_is_made() -> None:
    def broken() -> str:
        raise LabError("it is locked")

    changes = Changes()
    assert await changes.do(broken) == Outcome("it is locked", failed=True)
    assert await changes.do(lambda: "done") == Outcome("done")
