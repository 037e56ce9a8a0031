"""The markers right of a chart."""

import itertools

import pytest

from moetui.tui.chart.draw import draw
from moetui.tui.chart.ends import spread
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import ChartSpec, Series


def spec(*ends: float) -> ChartSpec:
    series = tuple(Series(f"r{i}", [0.0, 10.0], [5.0, end], slot(i)) for i, end in enumerate(ends))
    return ChartSpec("t", series, y_range=(0.0, 10.0), ends=True)


def column(*ends: float) -> list[str]:
    return [line[-1] for line in draw(spec(*ends), 50, 16).plain().splitlines()[1:] if line[-1] != " "]


@pytest.mark.parametrize("ends", list(itertools.permutations((2.0, 2.0001, 9.0))))
def test_markers_stand_in_the_order_of_the_last_values_however_near_they_are(ends: tuple[float, ...]) -> None:
    order = sorted(range(3), key=lambda place: -ends[place])
    assert column(*ends) == [slot(place).marker for place in order]


def test_a_single_curve_has_none_and_neither_have_more_than_there_are_rows() -> None:
    assert column(3.0) == []
    lines = draw(ChartSpec("t", tuple(Series(str(i), [0, 1], [0, i], slot(i)) for i in range(8)), ends=True), 50, 8)
    assert all(line[-1] == " " for line in lines.plain().splitlines()[1:-1])


def test_charts_of_one_page_keep_the_column_whatever_they_draw() -> None:
    def feet(*ends: float) -> set[str]:
        return {line for line in draw(spec(*ends), 50, 16).plain().splitlines() if "└" in line}

    assert feet(3.0) == feet(3.0, 4.0)


def test_what_ends_outside_the_axis_stands_at_its_edge() -> None:
    assert column(5.0, 99.0) == [slot(1).marker, slot(0).marker]


@pytest.mark.parametrize(
    ("heights", "rows", "expected"),
    [
        ([0.0, 5.0], 8, [0, 5]),
        ([3.0, 3.0, 3.0], 8, [2, 3, 4]),
        ([7.0, 7.0], 8, [6, 7]),
        ([0.0, 0.1, 6.9], 8, [0, 1, 7]),
        ([2.0, 2.0, 2.0], 3, [0, 1, 2]),
    ],
)
def test_rows_keep_the_order_and_stay_near(heights: list[float], rows: int, expected: list[int]) -> None:
    assert spread(heights, rows) == expected
