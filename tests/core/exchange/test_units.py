"""A value of a known key is a number that it can be, or is refused in words."""

import math

import pytest

from moetui.core.exchange.units import number


@pytest.mark.parametrize("value", [10**400, -(10**400), 10**5000, math.nan, math.inf, 1.5, -1, 2**53], ids=range(8))
def test_no_such_value_counts_updates(value: float) -> None:
    with pytest.raises(ValueError, match="is no whole number"):
        number(value, "update")


def test_a_loss_may_be_larger_than_any_float() -> None:
    assert (number(10**400, "train_loss"), number(-(10**400), "train_loss")) == (math.inf, -math.inf)
