"""Many values of Student's t held against a normal quantile: the short way against the plain one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from moetui.core.science.student import all_above, any_below, t_as_z

SHAPE = (4, 5)
TS = arrays.arrays(np.float64, SHAPE, elements=st.floats(-6, 6))
DFS = arrays.arrays(np.float64, SHAPE, elements=st.floats(0.5, 40))


@given(TS, DFS, arrays.arrays(np.float64, (4, 1), elements=st.floats(-4, -0.1)))
def test_any_below_is_what_the_quantiles_of_all_say(t: np.ndarray, df: np.ndarray, z: np.ndarray) -> None:
    expected = (t_as_z(t, df) < z).any(axis=1)
    assert (any_below(t, df, z) == expected).all()
    assert [bool(any_below(t[i], df[i], float(z[i, 0]))) for i in range(4)] == expected.tolist()


@given(TS, DFS, st.floats(0.1, 4))
def test_all_above_is_what_the_quantiles_of_all_say(t: np.ndarray, df: np.ndarray, z: float) -> None:
    assert (all_above(t, df, z) == (t_as_z(t, df) >= z).all(axis=1)).all()


@pytest.mark.parametrize("df", [2.0, 30.0])
def test_what_is_infinitely_far_off_says_nothing(df: float) -> None:
    t = np.array([[np.inf, 3.0, 9.0], [np.inf, np.inf, np.inf]])
    assert any_below(t, np.full_like(t, df), -1.0).tolist() == [False, False]
    assert all_above(t, np.full_like(t, df), 1.0).tolist() == [True, True]
