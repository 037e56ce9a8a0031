import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moetui.core.errors import UsageError
from moetui.tui.launch.form_rows import axis_text, fields, value_text
from moetui.tui.launch.typed import (
    Shape,
    parse_axis,
    parse_field,
    parse_learning_rates,
    parse_seeds,
    parse_shapes,
)

FIELDS = {info.key: info for info in fields()}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.05", (0.05,)),
        ("1e-3, 0.1;0.2  0.1", (0.001, 0.1, 0.2)),
        ("0.01..0.3 x5 log", (0.01, 0.0234, 0.0548, 0.128, 0.3)),
        ("0.02..0.1 x5", (0.02, 0.04, 0.06, 0.08, 0.1)),
        ("0.5 0.01..0.1x3log, 0.7", (0.01, 0.0316, 0.1, 0.5, 0.7)),
        ("0.1..0.001 x3 log", (0.1, 0.01, 0.001)),
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


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300), st.integers(2, 100), st.sampled_from(["", " log"]))
def test_a_range_never_leaves_its_ends(first: float, last: float, count: int, log: str) -> None:
    values = parse_learning_rates(f"{first!r}..{last!r} x{count}{log}")
    assert values[0] == first
    assert last in values
    low, high = sorted((first, last))
    assert all(low * 0.99 <= value <= high * 1.01 for value in values)


@pytest.mark.parametrize("text", ["10% 5%", "0.1 0.05", "10 % 5 %", "10%,0.05"])
def test_a_schedule_is_a_warm_up_and_a_floor(text: str) -> None:
    assert parse_shapes(text) == (Shape(0.1, 0.05),)


def test_several_schedules_stand_in_one_line() -> None:
    assert parse_shapes("7% 0, 20% 10%") == (Shape(0.07, 0.0), Shape(0.2, 0.1))


def test_warm_ups_and_floors_are_combined() -> None:
    assert parse_shapes("0 5 % x 10% 20%") == (Shape(0, 0.1), Shape(0, 0.2), Shape(0.05, 0.1), Shape(0.05, 0.2))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10%", "a warm-up and a floor"),
        ("10 5", "not between 0 and 1"),
        ("5% x 5% x 5%", "left of one x"),
        (" x 5%", "left of one x"),
    ],
)
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
    for info in FIELDS.values():
        with contextlib.suppress(UsageError):
            parse_field(info, text)
        with contextlib.suppress(UsageError):
            assert parse_axis(info, text)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("training.updates", " 50 ", 50),
        ("schedule.warmup", "10%", 0.1),
        ("optimizer.nesterov", "no", False),
        ("schedule.kind", "wsd", "wsd"),
        ("schedule.horizon", "none", None),
        ("schedule.stages", "[[0.5, 0.1]]", [[0.5, 0.1]]),
        ("data.separator", "", ""),
        ("data.hub_name", "none", "none"),
    ],
)
def test_a_value_of_any_key_is_read_by_its_type(key: str, text: str, value: object) -> None:
    assert parse_field(FIELDS[key], text) == value


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("training.updates", "5.5", "not a whole number"),
        ("optimizer.momentum", "much", "not a number"),
        ("optimizer.nesterov", "maybe", "none of yes, no"),
        ("schedule.kind", "sine", "none of constant, cosine"),
        ("schedule.stages", "0.5", "write a list"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_why(key: str, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_field(FIELDS[key], text)


@pytest.mark.parametrize(
    ("key", "text", "values"),
    [
        ("training.batch_size", "4..6 16", (16, 4, 5, 6)),
        ("model.n_experts", "4..64 x5 log", (4, 8, 16, 32, 64)),
        ("optimizer.momentum", "0.9..0.98 x3", (0.9, 0.94, 0.98)),
        ("schedule.floor", "0, 10%", (0.0, 0.1)),
        ("optimizer.nesterov", "yes no yes", (True, False)),
        ("schedule.kind", "cosine wsd", ("cosine", "wsd")),
        ("data.separator", "'a b' c", ("a b", "c")),
        ("optimizer.muon_targets", '[["experts"], ["attention"]]', (["experts"], ["attention"])),
        ("training.updates", "[50, 100]", (50, 100)),
    ],
)
def test_any_key_takes_several_values(key: str, text: str, values: tuple[object, ...]) -> None:
    assert sorted(map(str, parse_axis(FIELDS[key], text))) == sorted(map(str, values))


@given(st.sampled_from(sorted(FIELDS)))
def test_the_default_reads_back_as_it_can_be_typed(key: str) -> None:
    info = FIELDS[key]
    default = list(info.default) if isinstance(info.default, tuple) else info.default
    assert parse_field(info, value_text(default, exact=True)) == default
    if default is not None:
        assert parse_axis(info, axis_text([default], exact=True)) == (default,)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5, unique=True))
def test_a_number_reads_back_to_the_last_digit(values: list[float]) -> None:
    info = FIELDS["optimizer.lr"]
    assert parse_axis(info, axis_text(values, exact=True)) == tuple(values)
    assert parse_field(info, value_text(values[0], exact=True)) == values[0]


@pytest.mark.parametrize(
    ("value", "shown", "typed"), [(0.05, "0.05", "0.05"), (1.0, "1", "1"), (0.0123456789, "0.0123457", "0.0123456789")]
)
def test_a_number_is_shown_short_and_typed_whole(value: float, shown: str, typed: str) -> None:
    assert (value_text(value), value_text(value, exact=True)) == (shown, typed)
