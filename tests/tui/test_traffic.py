"""What the real application sends to a real terminal."""

from pathlib import Path

import pytest

from benchmarks.terminal.alive import Alive
from benchmarks.terminal.far_end import FarEnd
from benchmarks.terminal.laboratory import histories

TICKS = 20
BUDGET = 1000
"""Bytes for one look at four charts of three runs that go on, of which there are two a second; it takes about 820."""


def moetui(workspace: Path) -> FarEnd:
    return FarEnd(["moetui.cli.main", "--workspace", str(workspace), "--no-tour"], (120, 40))


@pytest.mark.slow
def test_four_charts_of_three_live_runs_keep_to_the_byte_budget(tmp_path: Path) -> None:
    _, records = histories(tmp_path, 3, 2_000, 10_000, ended=False)
    with Alive(tmp_path, records, seconds=1e6) as trainers, moetui(tmp_path) as app:
        app.seconds_until("Launch")
        app.press(b"2")
        app.seconds_until("running")
        app.settle()
        before = app.count
        for _ in range(TICKS):
            seen = app.count
            trainers.tick()
            app.wait_for_more_than(seen)
            app.settle(0.1)
        assert 0 < (app.count - before) / TICKS < BUDGET


@pytest.mark.slow
def test_nothing_is_sent_while_nothing_happens(tmp_path: Path) -> None:
    histories(tmp_path, 3, 2_000, 2_000, ended=True)
    with moetui(tmp_path) as app:
        app.seconds_until("Launch")
        for key in (b"1", b"2", b"3"):
            app.press(key)
            app.settle(1.0)
            before = app.count
            app.settle(3.0)  # six looks
            assert app.count == before
