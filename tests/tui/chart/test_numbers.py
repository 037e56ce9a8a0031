"""Short labels that lose nothing."""

import numpy as np
import pytest

from moetui.tui.chart.axis import Axis
from moetui.tui.chart.numbers import tick_labels, value_text
from moetui.tui.chart.ranges import around
from moetui.tui.chart.ticks import y_ticks


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([0.0, 0.05, 0.1], ["0.00", "0.05", "0.10"]),
        ([0.06, 0.065, 0.07], ["0.060", "0.065", "0.070"]),
        ([5.2, 5.4], ["5.2", "5.4"]),
        ([0, 500, 1000], ["0", "500", "1000"]),
        ([0, 10_000, 20_000], ["0", "10k", "20k"]),
        ([1.1e6, 1.2e6], ["1.1M", "1.2M"]),
        ([1e-4, 2e-4], ["1e-4", "2e-4"]),
        ([0, 1e30], ["0", "1e30"]),
        ([-0.0, 1.0], ["0", "1"]),
        ([], []),
    ],
)
def test_ticks_show_just_the_digits_that_tell_them_apart(ticks: list[float], labels: list[str]) -> None:
    assert tick_labels(ticks) == labels


def test_fractions_are_shown_as_percentages() -> None:
    assert tick_labels([0.1, 0.25], "percent") == ["10 %", "25 %"]
    assert value_text(0.2512, "percent") == "25.1 %"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.2134, "5.213"),
        (0.065, "0.0650"),
        (0.65, "0.650"),
        (123.456, "123.5"),
        (11_812, "11.8k"),
        (1_234_567, "1.23M"),
        (3e-5, "3e-5"),
        (1e30, "1e30"),
        (0.0, "0.000"),
        (float("nan"), "nan"),
        (float("inf"), "+inf"),
        (float("-inf"), "-inf"),
    ],
)
def test_a_value_has_about_four_digits(value: float, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    "ends", [(3.1, 3.9), (4.1, 9.8), (6.26, 6.9), (2.9, 11.0), (0.0011, 0.009), (3.0, 300.0), (1e-5, 0.3)]
)
def test_a_log_axis_leaves_no_part_of_itself_empty_and_has_ticks_to_compare(ends: tuple[float, float]) -> None:
    found = around(np.array(ends), log=True)
    assert found is not None
    low, high = np.log10(found)
    data_low, data_high = np.log10(ends)
    assert low <= data_low < data_high <= high
    assert data_high - data_low > 0.8 * (high - low)
    assert 2 <= len(y_ticks(Axis(*found, 48, log=True), 12, "number")) <= 6
