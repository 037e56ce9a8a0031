"""Whatever the data and the size: a chart is drawn, and it is exactly as large as asked for."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from moetui.tui.chart.draw import draw
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import EMPHASES, ChartSpec, Series


def walk(seed: int, length: int) -> NDArray[np.float64]:
    return np.cumsum(np.random.default_rng(seed).normal(size=length))


numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-10, 10),
    st.sampled_from([0.0, -0.0, 1e30, -1e30, 1.7e308, -1.7e308, 5e-324, math.nan, math.inf, -math.inf]),
)
columns = st.one_of(
    st.lists(numbers, max_size=30),
    st.builds(walk, st.integers(0, 99), st.integers(0, 3000)),
)
ranges = st.none() | st.tuples(numbers, numbers)
series = st.builds(
    Series,
    name=st.text(max_size=12),
    x=columns,
    y=columns,
    slot=st.integers(0, 9).map(slot),
    emphasis=st.sampled_from(EMPHASES),
    points=st.booleans(),
    legend=st.booleans(),
)
specs = st.builds(
    ChartSpec,
    title=st.text(max_size=20),
    series=st.lists(series, max_size=9).map(tuple),
    x_label=st.text(max_size=9),
    x_range=ranges,
    y_range=ranges,
    y_log=st.booleans(),
    y_format=st.sampled_from(["number", "percent"]),
    empty=st.text(max_size=30),
)


@settings(max_examples=250, deadline=None)
@given(specs, st.integers(0, 130), st.integers(0, 40), st.sampled_from(["braille", "ascii"]))
def test_any_chart_is_drawn_with_exactly_its_size(spec: ChartSpec, width: int, height: int, charset: str) -> None:
    drawing = draw(spec, width, height, "ascii" if charset == "ascii" else "braille")
    assert len(drawing.rows) == height
    assert {sum(len(span.text) for span in row) for row in drawing.rows} <= {width}
    assert all(char.isprintable() for row in drawing.rows for span in row for char in span.text)
    if charset == "ascii":
        assert drawing.plain().isascii()


@settings(max_examples=50, deadline=None)
@given(specs, st.integers(0, 60), st.integers(0, 20))
def test_the_same_spec_gives_the_same_chart(spec: ChartSpec, width: int, height: int) -> None:
    assert draw(spec, width, height) == draw(spec, width, height)
