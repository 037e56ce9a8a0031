"""The labels of the x axis stand clear of each other, whatever the range and the room."""

import itertools
from typing import Any

import numpy as np
import pytest

from moetui.tui.chart import draw as drawing
from moetui.tui.chart import ticks
from moetui.tui.chart.spec import ChartSpec, Series
from tests.tui.chart.cells import to_cells

LOWS = (0.001, 1.0, 990.0, 12_345.0)
SPANS = (0.003, 1.0, 49.0, 250.0, 1e4, 3.3e5, 2e9)
WIDTHS = (24, 40, 61, 80, 132, 200)
AXES = list(itertools.product(LOWS, SPANS, WIDTHS, (False, True)))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The labels of the axes drawn so far."""
    seen: list[list[str]] = []

    def x_ticks(*given: Any) -> list[ticks.Tick]:
        found = ticks.x_ticks(*given)
        seen.append([label for _, label in found])
        return found

    monkeypatch.setattr(drawing, "x_ticks", x_ticks)
    return seen


def words(low: float, span: float, width: int, *, log: bool) -> list[str]:
    """The words in the last line of a drawn chart, which has the labels of the x axis."""
    ends = np.array([low, low + span])
    curve = Series("run", ends, np.array([1.0, 2.0]))
    rows = drawing.draw(ChartSpec("loss", (curve,), x_log=log), width, 12).rows
    return "".join(cell.char for cell in to_cells(rows[-1])).split()


def test_every_label_is_there_whole_and_apart_from_the_next(asked: list[list[str]]) -> None:
    shown = [words(low, span, width, log=log) for low, span, width, log in AXES]
    assert shown == asked
    assert sum(len(labels) > 1 for labels in shown) > 0.9 * len(AXES)


def test_without_the_guard_labels_run_into_each_other(asked: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "_clear", lambda *_: True)
    shown = [words(low, span, width, log=log) for low, span, width, log in AXES]
    assert any(one != other for one, other in zip(shown, asked, strict=True))
