"""Thousands of random keys and sizes: whatever somebody does, nothing breaks.

Each seed is a test of its own, so that its number is what repeats a failure.
"""

import random
from collections.abc import Iterator
from typing import get_args

import pytest
from textual.events import Key
from textual.geometry import Size

from moetui.core.runs.lab import Lab
from moetui.core.runs.published import published_records
from moetui.core.terminal import Charset
from moetui.tui.actions import ACTIONS
from moetui.tui.app import MoetuiApp
from tests.starters import start_no_dispatcher
from tests.tui.states import alive, finished_run

KEYS = 1_000
BURST = 40
"""At most so many keys arrive before the screen is painted, as over a slow link."""

SEEDS = range(10)
LEAVING = frozenset({"q", "ctrl+q", "ctrl+c", "ctrl+z"})
TYPED = (
    *"abelmnr0159.=<>:,[]/*-x ",
    "backspace",
    "enter",
    "escape",
    "tab",
    "ctrl+u",
    "ctrl+p",
    "up",
    "down",
    "left",
    "right",
)
CHARACTERS = {
    "space": " ", "slash": "/", "full_stop": ".", "equals_sign": "=", "less_than_sign": "<", "comma": ",", "colon": ":",
    "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]", "plus": "+", "minus": "-",
}  # fmt: skip
SIZES = ((60, 15), (80, 24), (120, 40), (200, 60), (20, 5), (1, 1))


class StayingApp(MoetuiApp):
    """Cannot be left, whatever the palette is asked for."""

    def exit(self, *args: object, **more: object) -> None:
        """Stay."""

    def action_suspend_process(self) -> None:
        """Stay."""


@pytest.fixture
def busy_lab(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Published results, three runs of one's own, one of them alive; what is queued waits for a dispatcher that never comes."""
    start_no_dispatcher(monkeypatch)
    lab.catalogue.add(published_records(lab.library()))
    for index in range(2):
        finished_run(lab, index)
    alive(lab, 2, silent=0.0)
    return lab


def strokes(seed: int) -> Iterator[str]:
    """Keys of all places, text to type, and now and then the key of another place, so that no place is stayed at for ever."""
    dice = random.Random(seed)
    keys = sorted({key for action in ACTIONS for key in action.keys.split(",")} - LEAVING)
    places = sorted({key for action in ACTIONS if action.id.startswith("show(") for key in action.keys.split(",")})
    while True:
        yield dice.choice(dice.choices((keys, TYPED, places), weights=(8, 3, 1))[0])


async def press_at_random(lab: Lab, seed: int, count: int) -> None:
    print(f"seed {seed}")
    dice, keys = random.Random(-1 - seed), strokes(seed)
    charsets = get_args(Charset)
    app = StayingApp(lab, charset=charsets[seed % len(charsets)], remote=bool(seed % 2))
    done: list[str] = []
    async with app.run_test(size=(80, 24)) as pilot:
        while len(done) < count:
            burst = [next(keys) for _ in range(dice.randint(1, BURST))]
            done += burst
            for key in burst:
                app.post_message(Key(key, key if len(key) == 1 else CHARACTERS.get(key)))
            await pilot.pause()
            if dice.random() < 0.5:
                done.append(str(size := dice.choice(SIZES)))
                await pilot.resize_terminal(*size)
            assert app._exception is None, f"after {' '.join(done[-60:])}"
        await pilot.resize_terminal(80, 24)
        assert app.size == Size(80, 24)


async def test_a_few_random_keys_break_nothing(busy_lab: Lab) -> None:
    await press_at_random(busy_lab, 99, 100)


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
async def test_ten_thousand_random_keys_and_sizes_break_nothing(busy_lab: Lab, seed: int) -> None:
    await press_at_random(busy_lab, seed, KEYS)
