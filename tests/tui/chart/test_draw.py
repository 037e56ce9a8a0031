"""What a chart shows, read off the drawn text."""

import math
from collections.abc import Iterable

import numpy as np
import pytest

from moetui.tui.chart.draw import draw
from moetui.tui.chart.drawing import Cell, Drawing
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import ChartSpec, Series
from tests.tui.chart.cells import to_cells

FULL = chr(0x28FF)
MARKERS = {slot(i).marker for i in range(8)}


def grid(drawing: Drawing) -> list[list[Cell]]:
    return [to_cells(row) for row in drawing.rows]


def canvas(drawing: Drawing) -> list[list[Cell]]:
    """The cells right of the y axis and above the x axis."""
    rows = grid(drawing)
    top = next(y for y, row in enumerate(rows) if any(cell.char in "│┤" for cell in row))
    left = next(x for x, cell in enumerate(rows[top]) if cell.char in "│┤")
    bottom = next(y for y, row in enumerate(rows) if row[left].char == "└")
    return [row[left + 1 :] for row in rows[top:bottom]]


def curve(x: Iterable[float], y: Iterable[float], **look: object) -> Series:
    return Series("run", list(x), list(y), **look)  # type: ignore[arg-type]


def row_of(drawing: Drawing, char: str) -> list[int]:
    return [y for y, row in enumerate(canvas(drawing)) if any(cell.char == char for cell in row)]


def column_of(drawing: Drawing, char: str) -> list[int]:
    return [x for row in canvas(drawing) for x, cell in enumerate(row) if cell.char == char]


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (100.0, 1.0), (50.0, 0.5), (0.0, 1.0), (25.0, 0.75)])
def test_a_value_lands_in_its_cell(x: float, y: float) -> None:
    spec = ChartSpec("t", (curve([x], [y]),), x_range=(0, 100), y_range=(0, 1))
    drawing = draw(spec, 60, 20)
    cells = canvas(drawing)
    (row,), (column,) = row_of(drawing, slot(0).marker), column_of(drawing, slot(0).marker)
    assert column == pytest.approx(x / 100 * (len(cells[0]) - 1), abs=0.75)
    assert len(cells) - 1 - row == pytest.approx(y * (len(cells) - 1), abs=0.75)


@pytest.mark.parametrize("at", [0, 1, 33_333, 77_777, 99_999])
def test_one_spike_among_1e5_points_is_seen(at: int) -> None:
    y = np.zeros(100_000)
    y[at] = 1.0
    drawing = draw(ChartSpec("t", (curve(range(100_000), y),), y_range=(0, 1)), 80, 12)
    top = canvas(drawing)[0]
    seen = [x for x, cell in enumerate(top) if cell.char != " "]
    assert seen == [pytest.approx(at / 99_999 * (len(top) - 1), abs=0.75)]


def test_a_tick_stands_in_the_row_of_its_value() -> None:
    spec = ChartSpec("t", (curve(range(11), [4.0] * 11),), y_range=(0, 10))
    lines = draw(spec, 60, 20).plain().splitlines()
    line = next(line for line in lines if line.lstrip().startswith("4"))
    assert "┤" in line
    assert slot(0).marker in line


def test_decades_are_equally_far_apart_on_a_log_axis() -> None:
    spec = ChartSpec("t", (curve([0, 1, 2], [1e-4, 1e-3, 1e-2], points=True),), y_range=(1e-4, 1e-2), y_log=True)
    drawing = draw(spec, 60, 22)
    low, middle, high = sorted(row_of(drawing, slot(0).marker), reverse=True)
    assert (low, high) == (len(canvas(drawing)) - 1, 0)
    assert middle == pytest.approx((low + high) / 2, abs=0.5)
    assert all(label in drawing.plain() for label in ("0.01", "0.001", "1e-4"))


def test_zero_on_a_log_axis_is_marked_below_everything_and_breaks_the_curve() -> None:
    spec = ChartSpec("t", (curve(range(5), [1.0, 1.0, 0.0, 1.0, 1.0]),), y_range=(0.1, 10), y_log=True)
    drawing = draw(spec, 60, 12)
    assert row_of(drawing, "↓") == [len(canvas(drawing)) - 1]
    assert column_of(drawing, "↓") == [pytest.approx((len(canvas(drawing)[0]) - 1) / 2, abs=0.75)]
    assert "×" not in drawing.plain()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_divergence_is_marked_at_the_top_where_it_begins(value: float) -> None:
    spec = ChartSpec(
        "t", (curve(range(101), [1.0] * 50 + [value] * 51, slot=slot(3)),), x_range=(0, 100), y_range=(0, 2)
    )
    drawing = draw(spec, 60, 12)
    width = len(canvas(drawing)[0])
    assert row_of(drawing, "×") == [0]
    assert column_of(drawing, "×") == [pytest.approx(0.5 * (width - 1), abs=0.75)]
    (mark,) = (cell for row in canvas(drawing) for cell in row if cell.char == "×")
    assert mark.ink.color == slot(3).color
    assert all(cell.char == " " for row in canvas(drawing) for cell in row[width // 2 + 1 :])


def test_infinity_does_not_stretch_the_axis() -> None:
    tame = draw(ChartSpec("t", (curve(range(4), [1.0, 2.0, 1.0, 2.0]),)), 40, 10)
    wild = draw(ChartSpec("t", (curve(range(6), [1.0, 2.0, 1.0, 2.0, math.inf, math.nan]),)), 40, 10)
    ticks = [line.split("┤")[0] for line in tame.plain().splitlines() if "┤" in line]
    assert ticks == [line.split("┤")[0] for line in wild.plain().splitlines() if "┤" in line]


def test_a_chart_without_data_says_so_calmly() -> None:
    assert "no data yet" in draw(ChartSpec("loss"), 40, 10).plain()
    assert "waiting for update 1" in draw(ChartSpec("loss", empty="waiting for update 1"), 40, 10).plain()
    assert "no data yet" not in draw(ChartSpec("loss", (curve([1], [1]),)), 40, 10).plain()


@pytest.mark.parametrize("value", [0.0, 5.2, -3.0, 1e30, 1e-9])
def test_constant_data_lie_in_the_middle(value: float) -> None:
    drawing = draw(ChartSpec("t", (curve(range(10), [value] * 10),)), 40, 11)
    assert row_of(drawing, slot(0).marker) == [pytest.approx((len(canvas(drawing)) - 1) / 2, abs=1)]


def test_an_isolated_point_is_seen_and_connected_with_the_next() -> None:
    sparse = curve([0, 50, 100], [0.0, 1.0, 0.0], points=True)
    drawing = draw(ChartSpec("t", (sparse,), y_range=(0, 1)), 60, 12)
    assert len(column_of(drawing, slot(0).marker)) == 3
    assert all(any(row[x].char != " " for row in canvas(drawing)) for x in range(len(canvas(drawing)[0])))


def test_curves_without_colour_are_told_apart_by_markers_and_legend() -> None:
    runs = tuple(Series(f"run {i}", [0, 100], [i, i], slot(i)) for i in range(8))
    text = draw(ChartSpec("t", runs, y_range=(0, 8)), 120, 30).plain()
    for i in range(8):
        assert f"{slot(i).marker} run {i}" in text
        assert text.count(slot(i).marker) >= 2


def test_the_later_of_two_equal_curves_colours_the_shared_cell() -> None:
    same = [Series(str(i), [0, 100], [0.5, 0.5], slot(i)) for i in range(2)]
    one, two = (draw(ChartSpec("t", tuple(order), y_range=(0, 1)), 60, 12) for order in (same, same[::-1]))
    assert {cell.ink.color for row in canvas(one) for cell in row if cell.char == "⠒"} <= {slot(1).color}
    assert {cell.ink.color for row in canvas(two) for cell in row if cell.char == "⠒"} <= {slot(0).color}


def test_a_strong_curve_stays_above_a_later_faint_one() -> None:
    noise = np.tile([0.0, 1.0], 500)
    strong = Series("smoothed", range(1000), np.full(1000, 0.5), slot(0), emphasis="strong", legend=False)
    faint = Series("raw", range(1000), noise, slot(1), emphasis="faint", legend=False)
    cells = canvas(draw(ChartSpec("t", (strong, faint), y_range=(0, 1)), 60, 13))
    colors = [{cell.ink.color for cell in row} for row in cells]
    assert {slot(0).color} in colors
    assert {slot(1).color} in colors
    assert all(cell.ink.dim for row in cells for cell in row if cell.ink.color == slot(1).color)


def test_a_given_y_range_cuts_the_curve_off_at_the_edge() -> None:
    spec = ChartSpec("t", (curve([0, 50, 100], [0.5, 1e9, 0.5]),), x_range=(0, 100), y_range=(0, 1))
    cells = canvas(draw(spec, 60, 12))
    drawn = [x for x in range(len(cells[0])) if any(row[x].char != " " for row in cells)]
    assert drawn[0] == 0
    assert drawn[-1] == len(cells[0]) - 1
    assert len(drawn) < 6


def test_points_out_of_order_are_drawn_in_order() -> None:
    forward = draw(ChartSpec("t", (curve([0, 1, 2, 3], [0, 1, 2, 3], legend=False),)), 60, 12)
    shuffled = draw(ChartSpec("t", (curve([2, 0, 3, 1], [2, 0, 3, 1], legend=False),)), 60, 12)
    assert forward == shuffled


def test_a_growing_curve_leaves_what_is_drawn_where_it_is() -> None:
    def at(update: int) -> Drawing:
        x = np.arange(update)
        return draw(ChartSpec("t", (curve(x, 8 - x / 500, legend=False),), x_range=(0, 1000), y_range=(5, 9)), 60, 12)

    before, after = canvas(at(500)), canvas(at(520))
    changed = sum(a != b for one, two in zip(before, after, strict=True) for a, b in zip(one, two, strict=True))
    assert 0 < changed < 8


def test_ascii_draws_the_same_with_ascii_alone() -> None:
    runs = (
        Series("größe", range(100), np.linspace(0, 1, 100), slot(0)),
        Series("b", range(100), [0.5] * 50 + [math.nan] * 50, slot(1)),
    )
    text = draw(ChartSpec("loss – 1", runs, x_label="updates"), 70, 14, "ascii").plain()
    assert text.isascii()
    assert "X" in text
    assert "|" in text
    assert "o gro?e" in text


def test_a_name_of_wide_or_unprintable_characters_keeps_its_cells() -> None:
    text = draw(ChartSpec("t", (Series("a中\x1b[31m\nb", [1], [1]),)), 60, 10).plain()
    assert "a??[31m b" in text


@pytest.mark.parametrize(
    ("size", "seen", "unseen"),
    [
        ((60, 12), ("loss", "run", "┤", "└"), ("too small",)),
        ((40, 4), ("┤",), ("loss", "run", "too small")),
        ((18, 4), ("●",), ("loss", "┤", "too small")),
        ((9, 2), ("too small",), ("●",)),
        ((4, 1), ("too ",), ("●",)),
    ],
)
def test_a_small_chart_gives_up_legend_then_ticks_then_itself(
    size: tuple[int, int], seen: tuple[str, ...], unseen: tuple[str, ...]
) -> None:
    text = draw(ChartSpec("loss", (curve(range(10), range(10)),)), *size).plain()
    assert all(part in text for part in seen), text
    assert not any(part in text for part in unseen), text
