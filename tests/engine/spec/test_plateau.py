import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec.plateau import Plateau, after_evaluation
from engine.spec.schedules import ScheduleConfig

SCHEDULE = ScheduleConfig(kind="plateau", plateau_patience=2, plateau_threshold=0.01, floor=0.2)


def scales(losses: list[float], schedule: ScheduleConfig = SCHEDULE) -> list[float]:
    state = Plateau()
    found = []
    for loss in losses:
        state = after_evaluation(schedule, state, loss)
        found.append(state.scale)
    return found


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([5.0, 4.0, 3.0, 2.0], [1, 1, 1, 1]),
        ([5.0, 5.0, 5.0, 5.0, 5.0], [1, 1, 0.5, 0.5, 0.25]),
        ([5.0, 4.96, 4.96, 4.0], [1, 1, 0.5, 0.5]),  # less than one per cent is no gain
        ([5.0, 5.0, 4.9, 4.9, 4.9], [1, 1, 1, 1, 0.5]),  # a gain starts the patience anew
        ([5.0] * 9, [1, 1, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2]),
        ([5.0, math.nan, math.nan], [1, 1, 0.5]),
    ],
)
def test_the_rate_halves_when_the_patience_is_over(losses: list[float], expected: list[float]) -> None:
    assert scales(losses) == expected


@given(st.lists(st.floats(0, 100)))
def test_it_never_rises_nor_sinks_below_the_floor(losses: list[float]) -> None:
    found = scales(losses)
    assert all(0.2 <= later <= sooner <= 1 for sooner, later in itertools.pairwise(found))


@given(st.lists(st.floats(0, 100)))
def test_other_schedules_do_not_heed_results(losses: list[float]) -> None:
    assert set(scales(losses, ScheduleConfig(kind="cosine"))) <= {1.0}
