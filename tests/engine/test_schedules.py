import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import ScheduleConfig
from engine.schedules import horizon, lr_at, lr_factor, warmup_updates

SCHEDULES = st.builds(
    ScheduleConfig,
    kind=st.sampled_from(["constant", "cosine", "linear", "step"]),
    warmup=st.floats(0, 1),
    warmup_start=st.floats(0, 1),
    floor=st.floats(0, 1),
    horizon=st.none() | st.integers(1, 400),
    step_every=st.integers(1, 50),
    step_gamma=st.floats(0.01, 1),
)
UPDATES = st.integers(1, 400)


@given(SCHEDULES, UPDATES, st.integers(1, 1000))
def test_the_factor_stays_between_nothing_and_the_peak(schedule: ScheduleConfig, updates: int, update: int) -> None:
    assert 0 <= lr_factor(schedule, update, updates) <= 1 + 1e-12


@given(SCHEDULES, UPDATES)
def test_the_warm_up_never_falls_and_its_last_update_is_at_the_peak(schedule: ScheduleConfig, updates: int) -> None:
    first = max(warmup_updates(schedule, updates), 1)
    curve = [lr_factor(schedule, update, updates) for update in range(1, first + 1)]
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(curve))
    assert curve[-1] == pytest.approx(1.0)


@given(SCHEDULES, UPDATES)
def test_after_the_peak_it_never_rises_nor_sinks_below_the_floor(schedule: ScheduleConfig, updates: int) -> None:
    first = max(warmup_updates(schedule, updates), 1)
    curve = [lr_factor(schedule, update, updates) for update in range(first, horizon(schedule, updates) + 20)]
    assert all(a >= b - 1e-12 for a, b in itertools.pairwise(curve))
    assert all(value >= schedule.floor - 1e-12 for value in curve)


@given(SCHEDULES, UPDATES, st.integers(0, 50))
def test_cosine_and_linear_end_at_the_floor_and_stay(schedule: ScheduleConfig, updates: int, beyond: int) -> None:
    last = horizon(schedule, updates)
    if schedule.kind in ("cosine", "linear") and last > max(warmup_updates(schedule, updates), 1):
        assert lr_factor(schedule, last + beyond, updates) == pytest.approx(schedule.floor, abs=1e-12)


def test_a_warm_up_counts_its_updates() -> None:
    schedule = ScheduleConfig(kind="constant", warmup_updates=4, warmup_start=0.5)
    assert [lr_at(schedule, 2.0, update, 10) for update in range(1, 6)] == [1.25, 1.5, 1.75, 2.0, 2.0]


def test_steps_drop_by_gamma() -> None:
    schedule = ScheduleConfig(kind="step", warmup=0.0, floor=0.3, step_every=2, step_gamma=0.5)
    assert [lr_factor(schedule, update, 7) for update in range(1, 8)] == [1, 1, 0.5, 0.5, 0.3, 0.3, 0.3]


def test_updates_count_from_one() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        lr_factor(ScheduleConfig(), 0, 10)
