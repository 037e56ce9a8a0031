"""Log axes, loose points, intervals and marks, read back from what is drawn."""

import itertools
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moetui.tui.chart.draw import draw
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import Band, Charset, ChartSpec, Rule, Series
from tests.tui.chart.cells import to_cells

WIDTH, HEIGHT = 60, 16


def rows(spec: ChartSpec, charset: Charset = "braille") -> list[str]:
    return draw(spec, WIDTH, HEIGHT, charset).plain().splitlines()


def columns_with(spec: ChartSpec, sign: str) -> list[int]:
    """The columns of the canvas in which a sign stands, the head left out."""
    return sorted({column for row in rows(spec)[1:] for column, char in enumerate(row) if char == sign})


def test_equal_factors_are_equally_far_apart_on_a_log_axis() -> None:
    points = Series("a", [0.001, 0.01, 0.1, 1.0], [1.0, 2.0, 3.0, 4.0], line=False)
    found = columns_with(ChartSpec("t", (points,), x_log=True), slot(0).marker)
    gaps = [b - a for a, b in itertools.pairwise(found)]
    assert len(found) == 4
    assert max(gaps) - min(gaps) <= 1


def test_ticks_of_a_log_axis_are_powers_or_their_parts_each_in_its_own_digits() -> None:
    spec = ChartSpec("t", (Series("a", [0.001, 1.0], [1.0, 2.0]),), x_log=True)
    assert rows(spec)[-1].split() == ["0.001", "0.01", "0.1", "1"]


def test_points_without_a_place_on_a_log_axis_are_left_out() -> None:
    spec = ChartSpec("t", (Series("a", [-1.0, 0.0, 0.1, 1.0], [9.0, 9.0, 1.0, 2.0], line=False),), x_log=True)
    assert len(columns_with(spec, slot(0).marker)) == 2


def test_loose_points_are_all_shown_even_above_each_other_and_nothing_joins_them() -> None:
    spec = ChartSpec("t", (Series("a", [1.0, 1.0, 5.0], [1.0, 9.0, 5.0], line=False, legend=False),))
    text = "\n".join(rows(spec)[1:])
    assert text.count(slot(0).marker) == 3
    assert sum(0x2800 < ord(char) < 0x2900 for char in text) == 0


def test_loose_points_that_are_no_numbers_are_marked_as_diverged() -> None:
    spec = ChartSpec("t", (Series("a", [1.0, 2.0], [1.0, math.nan], line=False),))
    assert sum(row.count("×") for row in rows(spec)[1:]) == 1


def test_an_interval_reaches_from_its_lower_to_its_upper_end() -> None:
    bare = ChartSpec("t", (Series("a", [1.0, 2.0, 3.0], [5.0] * 3, line=False),), y_range=(0.0, 10.0))
    bars = ([math.nan, 2.0, math.nan], [math.nan, 8.0, math.nan])
    barred = ChartSpec("t", (Series("a", [1.0, 2.0, 3.0], [5.0] * 3, line=False, bars=bars),), y_range=(0.0, 10.0))
    differing = [y for y, (a, b) in enumerate(zip(rows(bare), rows(barred), strict=True)) if a != b]
    canvas = HEIGHT - 3
    assert len(differing) == pytest.approx(canvas * 0.6, abs=2)
    assert {
        column for y in differing for column in range(WIDTH) if rows(bare)[y][column] != rows(barred)[y][column]
    } <= set(range(WIDTH // 2 - 2, WIDTH // 2 + 6))


def test_the_range_of_values_holds_the_intervals() -> None:
    bars = ([-50.0], [50.0])
    labels = [
        float(row.split("┤")[0]) for row in rows(ChartSpec("t", (Series("a", [1.0], [5.0], bars=bars),))) if "┤" in row
    ]
    assert min(labels) <= -50.0
    assert max(labels) >= 50.0


def test_a_band_is_shaded_from_end_to_end_under_the_curve_and_named() -> None:
    line = Series("a", [0.0, 100.0], [5.0, 5.0], legend=False)
    spec = ChartSpec("t", (line,), bands=(Band("safe", 25.0, 50.0),), y_range=(0.0, 10.0))
    found = columns_with(spec, "░")
    width = WIDTH - found[0] + 1
    assert len(found) == pytest.approx(width / 3, abs=3)
    assert found == list(range(found[0], found[-1] + 1))
    assert "░ safe" in rows(spec)[0]
    middle = next(row for row in rows(spec)[1:] if any(0x2800 < ord(char) < 0x2900 for char in row))
    assert "░" not in middle[found[0] : found[-1] + 1]


def test_a_band_outside_the_axis_is_not_drawn_and_one_of_a_point_is() -> None:
    line = Series("a", [1.0, 2.0], [1.0, 2.0])
    assert columns_with(ChartSpec("t", (line,), bands=(Band("b", 5.0, 6.0),)), "░") == []
    assert len(columns_with(ChartSpec("t", (line,), bands=(Band("b", 1.5, 1.5),)), "░")) == 1


def test_a_rule_stands_at_its_x_with_its_interval_at_the_foot() -> None:
    line = Series("a", [0.01, 1.0], [1.0, 2.0], legend=False)
    spec = ChartSpec("t", (line,), rules=(Rule("best 0.1", 0.1, (0.05, 0.2)),), x_log=True, x_range=(0.01, 1.0))
    (at,) = columns_with(ChartSpec("t", (line,), rules=(Rule("b", 0.1),), x_log=True), "┊")
    foot = rows(spec)[-3]
    assert foot.index("├") < at < foot.index("┤", foot.index("├"))
    assert "┊ best 0.1" in rows(spec)[0]


def test_an_interval_that_leaves_the_axis_is_open_there() -> None:
    line = Series("a", [0.1, 1.0], [1.0, 2.0])
    spec = ChartSpec("t", (line,), rules=(Rule("b", 0.5, (0.001, 0.6)),), x_log=True, x_range=(0.1, 1.0))
    assert "├" not in rows(spec)[-3]
    assert rows(spec)[-3].count("┤") == 1 + rows(ChartSpec("t", (line,), x_log=True, x_range=(0.1, 1.0)))[-3].count("┤")


@pytest.mark.parametrize("charset", ["braille", "ascii"])
@given(
    points=st.lists(st.tuples(st.floats(), st.floats(), st.floats(), st.floats()), max_size=6),
    band=st.tuples(st.floats(), st.floats()),
    width=st.integers(0, 70),
    height=st.integers(0, 20),
    log=st.booleans(),
)
@example(points=[(3.8e293, 0.0, 0.0, 0.0)], band=(0.0, 0.0), width=20, height=4, log=True)  # near the largest float
@example(points=[(5e-324, 1.0, 1.0, 1.0)], band=(5e-324, 1e308), width=40, height=9, log=True)
def test_whatever_the_data_the_drawing_has_its_size(
    charset: Charset,
    points: list[tuple[float, float, float, float]],
    band: tuple[float, float],
    width: int,
    height: int,
    log: bool,
) -> None:
    x, y, low, high = ([point[index] for point in points] for index in range(4))
    spec = ChartSpec(
        "t",
        (Series("a", x, y, bars=(low, high), line=False), Series("b", x, y, bars=(low, high))),
        bands=(Band("b", *band),),
        rules=(Rule("r", band[0], band),),
        x_log=log,
        y_log=log,
    )
    drawing = draw(spec, width, height, charset)
    assert [len(to_cells(row)) for row in drawing.rows] == [width] * height
    if charset == "ascii":
        assert drawing.plain().isascii()
