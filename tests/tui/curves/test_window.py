from hypothesis import given
from hypothesis import strategies as st

from moetui.tui.curves.window import panned, stepped, zoomed

FULL = (0.0, 1000.0)


def test_zooming_keeps_the_cursor_where_it_is() -> None:
    window = zoomed(FULL, FULL, 0.5, 250.0)
    assert window == (125.0, 625.0)
    assert (250 - window[0]) / 500 == 0.25


def test_zooming_out_ends_with_the_whole_axis() -> None:
    assert zoomed((100.0, 600.0), FULL, 2, None) is None


@given(st.lists(st.sampled_from([0.5, 2.0]), max_size=40), st.lists(st.integers(-9, 9), max_size=5), st.floats(0, 1000))
def test_a_window_never_leaves_the_axis(factors: list[float], pans: list[int], about: float) -> None:
    window = FULL
    for factor in factors:
        window = zoomed(window, FULL, factor, about) or FULL
    for pan in pans:
        window = panned(window, FULL, pan / 4)
    assert FULL[0] - 1e-6 <= window[0] < window[1] <= FULL[1] + 1e-6


def test_the_cursor_begins_at_the_last_measurement_and_stays_in_the_window() -> None:
    assert stepped(None, FULL, -1, start=480.0, whole=True) == 480
    assert stepped(480.0, FULL, -1, start=480.0, whole=True) == 470
    assert stepped(995.0, FULL, 10, start=480.0, whole=True) == 1000


def test_on_a_short_axis_the_cursor_goes_from_update_to_update() -> None:
    assert stepped(3.0, (0.0, 20.0), 1, start=0.0, whole=True) == 4
