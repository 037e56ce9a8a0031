import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moetui.core.errors import UsageError
from moetui.tui.launch.typed import Shape, parse_learning_rates, parse_seeds, parse_shapes


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.05", (0.05,)),
        ("1e-3, 0.1;0.2  0.1", (0.001, 0.1, 0.2)),
        ("0.01..0.3 x5", (0.01, 0.0234, 0.0548, 0.128, 0.3)),
        ("0.5 0.01..0.1x3", (0.01, 0.0316, 0.1, 0.5)),
        ("0.1..0.001 x3", (0.1, 0.01, 0.001)),
    ],
)
def test_learning_rates_are_read_one_by_one_or_as_a_range(text: str, values: tuple[float, ...]) -> None:
    assert parse_learning_rates(text) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "type a learning rate"),
        ("fast", "'fast' is not a number"),
        ("0.1 -1", "above 0"),
        ("0", "above 0"),
        ("nan", "not a finite number"),
        ("0.01..0.3", "say how many"),
        ("0.01..0.3 x1", "2 to 100"),
        ("0.01..0.3 x101", "2 to 100"),
        ("0..1 x3", "above 0"),
    ],
)
def test_a_bad_learning_rate_is_told_why(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_learning_rates(text)


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300), st.integers(2, 100))
def test_a_range_never_leaves_its_ends(first: float, last: float, count: int) -> None:
    values = parse_learning_rates(f"{first!r}..{last!r} x{count}")
    assert values[0] == first
    assert last in values
    low, high = sorted((first, last))
    assert all(low * 0.99 <= value <= high * 1.01 for value in values)


@pytest.mark.parametrize("text", ["10% 5%", "0.1 0.05", "10 % 5 %", "10%,0.05"])
def test_a_schedule_is_a_warm_up_and_a_floor(text: str) -> None:
    assert parse_shapes(text) == (Shape(0.1, 0.05),)


def test_several_schedules_stand_in_one_line() -> None:
    assert parse_shapes("7% 0, 20% 10%") == (Shape(0.07, 0.0), Shape(0.2, 0.1))


@pytest.mark.parametrize(("text", "message"), [("10%", "a warm-up and a floor"), ("10 5", "not between 0 and 1")])
def test_a_bad_schedule_is_told_why(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_shapes(text)


@pytest.mark.parametrize(("text", "seeds"), [("4", (4,)), ("4 5,4", (4, 5)), ("1..5", (1, 2, 3, 4, 5))])
def test_seeds_are_whole_numbers_or_ranges_of_them(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "-1", "1.5", "one", "5..1", "4294967296", "1..1000000"])
def test_bad_seeds_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_seeds(text)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_taken_or_refused(text: str) -> None:
    for parse in (parse_learning_rates, parse_shapes, parse_seeds):
        with contextlib.suppress(UsageError):
            assert parse(text)
