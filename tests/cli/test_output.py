"""Tables on a terminal that is too narrow for them."""

import pytest

from moetui.cli.output import _widths

HEADERS = ["id", "name", "loss"]
ROWS = [["abcdefgh", "a/very/long/name/of/a/run", "5.1552 ± 0.0090"], ["b", "short", "4.9"]]


def test_a_table_that_fits_is_left_as_it_is() -> None:
    assert _widths(HEADERS, ROWS, ["loss"], 200) == [8, 25, 15]


@pytest.mark.parametrize(("available", "widths"), [(42, [8, 15, 15]), (33, [7, 7, 15]), (10, [6, 6, 15])])
def test_texts_are_cut_the_longest_first_and_numbers_never(available: int, widths: list[int]) -> None:
    assert _widths(HEADERS, ROWS, ["loss"], available) == widths


def test_a_table_without_rows_is_as_wide_as_its_headers() -> None:
    assert _widths(HEADERS, [], ["loss"], 80) == [2, 4, 4]
