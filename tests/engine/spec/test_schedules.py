import itertools
import math
from typing import Annotated, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from engine.spec.config import ConfigError, describe, resolve
from engine.spec.schedules import KINDS, ScheduleConfig, fault, horizon, lr_at, lr_factor, warmup_updates

FALLING = tuple(kind for kind in KINDS if not KINDS[kind].rises and kind != "stages")
TO_THE_FLOOR = tuple(kind for kind in KINDS if KINDS[kind].unfolds)
UPDATES = st.integers(1, 400)


SAMPLERS: dict[str, st.SearchStrategy[Any]] = {
    "horizon": st.none() | st.integers(1, 400),
    "epoch_updates": st.none() | st.integers(1, 60),
    "step_every": st.integers(1, 50),
    "restart_every": st.integers(1, 100),
    "restart_factor": st.integers(1, 3),
    "stages": st.lists(st.tuples(st.floats(0, 300), st.floats(0, 1)), min_size=1, max_size=4).map(tuple),
}
"""What fits a run of up to 400 updates; other keys take anything within their bounds."""


def _within(field: FieldInfo) -> st.SearchStrategy[Any]:
    """Anything of the type of a key that is within its bounds."""
    kind: Any = field.annotation
    bounded: Any = Annotated[(kind, *field.metadata)] if field.metadata else kind
    return st.from_type(bounded)


def schedules(*kinds: str) -> st.SearchStrategy[ScheduleConfig]:
    keys = {
        key: SAMPLERS[key] if key in SAMPLERS else _within(field)
        for key, field in ScheduleConfig.model_fields.items()
        if key not in ("kind", "warmup_updates")
    }
    return st.builds(ScheduleConfig, kind=st.sampled_from(kinds), **keys)


ANY = schedules(*KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_keys_in_the_help(kind: str) -> None:
    entry = KINDS[kind]
    help_of = {info.key.removeprefix("schedule."): info for info in describe() if info.key.startswith("schedule.")}
    own = {key for key, info in help_of.items() if f"For kind = {kind}" in info.description}
    assert own <= set(entry.keys) <= own | {"floor"}
    assert kind in help_of["kind"].choices


def first_at_peak(schedule: ScheduleConfig, updates: int) -> int:
    """The update at which the warm-up is over."""
    warmup = round(schedule.warmup * (schedule.horizon or updates))
    if schedule.warmup_shape == "constant" or schedule.count_from_zero:
        return warmup + 1
    return max(warmup, 1)


@given(ANY, UPDATES, st.integers(1, 1000))
def test_the_factor_stays_between_nothing_and_the_peak(schedule: ScheduleConfig, updates: int, update: int) -> None:
    assert 0 <= lr_factor(schedule, update, updates) <= 1 + 1e-12


@given(schedules(*FALLING, "restarts"), UPDATES)
def test_the_warm_up_never_falls_and_ends_at_the_peak(schedule: ScheduleConfig, updates: int) -> None:
    assume(schedule.epoch_updates is None)
    assume(not fault(schedule, updates))
    last = first_at_peak(schedule, updates)
    assume(schedule.kind != "wsd" or last <= horizon(schedule, updates) - schedule.decay * horizon(schedule, updates))
    curve = [lr_factor(schedule, update, updates) for update in range(1, last + 1)]
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(curve))
    assert curve[-1] == pytest.approx(1.0)


@given(schedules(*FALLING), UPDATES)
def test_after_the_peak_it_never_rises_nor_sinks_below_the_floor(schedule: ScheduleConfig, updates: int) -> None:
    first = first_at_peak(schedule, updates) + (schedule.epoch_updates or 0)
    curve = [lr_factor(schedule, update, updates) for update in range(first, horizon(schedule, updates) + 20)]
    assert all(a >= b - 1e-12 for a, b in itertools.pairwise(curve))
    assert all(value >= schedule.floor - 1e-12 for value in curve)


@given(schedules(*TO_THE_FLOOR), UPDATES, st.integers(0, 50))
def test_a_decay_ends_at_the_floor_and_stays(schedule: ScheduleConfig, updates: int, beyond: int) -> None:
    assume(schedule.kind != "wsd" or round(schedule.decay * horizon(schedule, updates)) > 0)
    last = horizon(schedule, updates)
    late = (schedule.epoch_updates or 1) if schedule.count_from_zero else 0
    assume(last > first_at_peak(schedule, updates) + late + (schedule.epoch_updates or 1))
    assert lr_factor(schedule, last + late + beyond, updates) == pytest.approx(schedule.floor, abs=1e-12)


@given(schedules("constant", "cosine", "linear", "wsd", "inverse-sqrt"), st.integers(20, 400))
def test_a_continuous_curve_takes_no_step_larger_than_its_slope(schedule: ScheduleConfig, updates: int) -> None:
    schedule = schedule.model_copy(update={"epoch_updates": None, "warmup_shape": "linear", "horizon": None})
    assume(not fault(schedule, updates))
    warmup = warmup_updates(schedule, updates)
    span = updates - first_at_peak(schedule, updates)
    decay = round(schedule.decay * updates)
    slopes = {
        "constant": 0.0,
        "cosine": math.pi / 2 / max(span, 1),
        "linear": 1 / max(span, 1),
        "wsd": {"linear": 1.0, "cosine": math.pi / 2, "sqrt": math.sqrt(max(decay, 1))}[schedule.decay_shape]
        / max(decay, 1),
        "inverse-sqrt": 1 - math.sqrt(max(warmup, 1) / (max(warmup, 1) + 1)),
    }
    largest = max((1 - schedule.warmup_start) / max(warmup, 1) if warmup else 0.0, slopes[schedule.kind])
    curve = [lr_factor(schedule, update, updates) for update in range(1, updates + 1)]
    assert all(abs(a - b) <= largest + 1e-9 for a, b in itertools.pairwise(curve))


@given(ANY, UPDATES, st.integers(1, 60))
def test_stepped_per_epoch_it_moves_between_epochs_only(schedule: ScheduleConfig, updates: int, epoch: int) -> None:
    stepped = schedule.model_copy(update={"epoch_updates": epoch})
    for begin in range(0, 4 * epoch, epoch):
        assert len({lr_factor(stepped, begin + within, updates) for within in range(1, epoch + 1)}) == 1


@given(schedules("constant", "cosine", "linear", "wsd", "inverse-sqrt", "step", "restarts"), UPDATES, UPDATES)
def test_an_epoch_of_one_update_is_no_epoch_at_all(schedule: ScheduleConfig, updates: int, update: int) -> None:
    alone, stepped = (schedule.model_copy(update={"epoch_updates": every}) for every in (None, 1))
    assert lr_factor(alone, update, updates) == lr_factor(stepped, update, updates)


@pytest.mark.parametrize(
    ("settings", "curve"),
    [
        ({"kind": "constant", "warmup_updates": 4, "warmup_start": 0.5}, [0.625, 0.75, 0.875, 1, 1]),
        ({"kind": "constant", "warmup_updates": 2, "count_from_zero": True}, [0, 0.5, 1, 1]),
        ({"kind": "constant", "warmup_updates": 2, "warmup_start": 0.01, "warmup_shape": "constant"}, [0.01, 0.01, 1]),
        ({"kind": "step", "floor": 0.3, "step_every": 2, "step_gamma": 0.5}, [1, 1, 0.5, 0.5, 0.3, 0.3, 0.3]),
        ({"kind": "linear", "floor": 0.0, "horizon": 5}, [1, 0.75, 0.5, 0.25, 0, 0]),
        ({"kind": "linear", "floor": 0.0, "horizon": 4, "count_from_zero": True}, [1, 0.75, 0.5, 0.25, 0, 0]),
        ({"kind": "wsd", "floor": 0.0, "horizon": 8, "decay": 0.5}, [1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0]),
        ({"kind": "wsd", "floor": 0.0, "horizon": 4, "decay": 1.0, "decay_shape": "sqrt"},
         [0.5, 1 - 0.5**0.5, 1 - 0.75**0.5, 0]),
        ({"kind": "restarts", "floor": 0.0, "restart_every": 2}, [1, 0.5, 1, 0.5, 1]),
        ({"kind": "restarts", "floor": 0.0, "restart_every": 1, "restart_factor": 2}, [1, 1, 0.5, 1, 0.853553]),
        ({"kind": "stages", "stages": ((0.4, 0.46), (8, 0.15)), "horizon": 10}, [1] * 4 + [0.46] * 3 + [0.15] * 4),
        ({"kind": "inverse-sqrt", "warmup_updates": 4, "floor": 0.0}, [0.25, 0.5, 0.75, 1, 0.8**0.5, (4 / 6) ** 0.5]),
        ({"kind": "inverse-sqrt", "floor": 0.5}, [1, 0.5**0.5, 3**-0.5, 0.5, 0.5]),
    ],
)  # fmt: skip
def test_the_curve_of(settings: dict[str, Any], curve: list[float]) -> None:
    schedule = ScheduleConfig(**{"warmup": 0.05 if "warmup_updates" in settings else 0.0, **settings})
    assert [lr_factor(schedule, update, 50) for update in range(1, len(curve) + 1)] == pytest.approx(curve, abs=1e-6)


def test_a_warm_up_stepped_per_epoch_jumps_a_hundredfold_after_the_first() -> None:
    """The failure of a published study: 0.00002 for the first epoch, 0.002 from the second."""
    schedule = ScheduleConfig(
        kind="constant", warmup_updates=10, warmup_start=0.01, epoch_updates=10, count_from_zero=True
    )
    rates = [lr_at(schedule, 0.002, update, 30) for update in range(1, 31)]
    assert rates == pytest.approx([0.00002] * 10 + [0.002] * 20)


def test_its_cure_drops_by_a_tenth_every_ten_epochs() -> None:
    schedule = ScheduleConfig(kind="step", warmup=0.0, floor=0.0, epoch_updates=7, step_every=70, step_gamma=0.9)
    rates = [lr_at(schedule, 0.002, epoch * 7 + 4, 210) for epoch in range(30)]
    assert rates == pytest.approx([0.002] * 10 + [0.0018] * 10 + [0.00162] * 10)


def test_a_horizon_four_times_too_long_ends_near_the_peak() -> None:
    schedule = ScheduleConfig(kind="cosine", warmup=0.05, floor=0.1, horizon=1000)
    assert lr_factor(schedule, 250, 250) == pytest.approx(0.906, abs=0.003)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"warmup_updates": 11}, "exceeds the schedule's horizon of 10 updates"),
        ({"kind": "wsd", "warmup": 0.5, "decay": 0.6}, "together exceed"),
        ({"kind": "stages"}, "needs schedule.stages"),
        ({"kind": "stages", "stages": [[0.5, 0.5], [3, 0.1]]}, "one after the other"),
        ({"kind": "stages", "stages": [[0.5, 1.5]]}, "less than or equal to 1"),
    ],
)
def test_a_schedule_that_cannot_unfold_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve({"schedule": settings, "training": {"updates": 10}})


def test_updates_count_from_one() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        lr_factor(ScheduleConfig(), 0, 10)
