"""Settings of one plan whose schedules are one and the same after rounding are told of, and no others."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec.config import RunConfig, resolve
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.planning.rounding import equal_schedules
from moetui.core.planning.settings import nest

LIBRARY = Library.load()


def config(**settings: Any) -> RunConfig:
    """A configuration from keys with `__` for the dot."""
    return resolve(nest({key.replace("__", "."): value for key, value in settings.items()}))


def crossed(updates: int, seeds: tuple[int, ...] = ()) -> list[tuple[str, RunConfig]]:
    selection = Selection(presets=("schedule/warmup-floor@tiny",), settings={"training.updates": updates}, seeds=seeds)
    return [(run.name, run.config) for run in plan(LIBRARY, selection)]


def test_at_50_updates_the_crossed_study_has_two_per_cent_for_none_at_each_floor() -> None:
    runs = crossed(50)
    found = {name: one.evidence for (name, _), one in zip(runs, equal_schedules(runs), strict=True) if one}
    study = "schedule/warmup-floor@tiny"
    assert found == {
        f"{study}/warmup=0.02/floor={floor}": f"has the learning rate of {study}/warmup=0/floor={floor} at every update: "
        "schedule.warmup 0.02 instead of 0 changes nothing"
        for floor in ("0.05", "0.1", "0.2")
    }


def test_as_it_comes_the_crossed_study_has_fifteen_schedules_and_seeds_are_no_other_setting() -> None:
    assert set(equal_schedules(crossed(100, seeds=(1, 2, 3)))) == {None}


def test_all_seeds_of_a_setting_have_one_and_the_same_finding() -> None:
    runs = crossed(50, seeds=(1, 2))
    assert len({one for one in equal_schedules(runs) if one}) == 3
    assert sum(one is not None for one in equal_schedules(runs)) == 6


def test_a_key_of_another_kind_of_schedule_changes_nothing() -> None:
    runs = [(f"floor={floor}", config(schedule__kind="constant", schedule__floor=floor)) for floor in (0.1, 0.3)]
    _, finding = equal_schedules(runs)
    assert finding is not None
    assert finding.severity == "warning"
    assert "schedule.floor 0.3 instead of 0.1 changes nothing" in finding.evidence


@pytest.mark.parametrize(
    "other",
    [
        {"optimizer__lr": 0.02},
        {"schedule__floor": 0.2},
        {"schedule__warmup": 0.1},
        {"model__n_layers": 2},
        {"training__batch_size": 32},
    ],
)
def test_settings_that_differ_in_what_they_do_have_no_finding(other: dict[str, Any]) -> None:
    assert equal_schedules([("a", config()), ("b", config(**other))]) == (None, None)


def test_a_plateau_is_told_by_its_patience_though_its_planned_rates_are_equal() -> None:
    plateaus = [("a", config(schedule__kind="plateau"))]
    plateaus.append(("b", config(schedule__kind="plateau", schedule__plateau_patience=9)))
    plateaus.append(("c", config(schedule__kind="plateau", schedule__step_every=9)))
    assert [one is not None for one in equal_schedules(plateaus)] == [False, False, True]


@given(st.integers(10, 400), st.floats(0, 0.5), st.floats(0, 0.5))
def test_two_warm_ups_are_one_schedule_if_and_only_if_their_rates_are(updates: int, one: float, other: float) -> None:
    first, second = (config(training__updates=updates, schedule__warmup=share) for share in (one, other))
    rates = [[each.lr_at(update) for update in range(1, updates + 1)] for each in (first, second)]
    _, finding = equal_schedules([("a", first), ("b", second)])
    assert (finding is not None) == (one != other and rates[0] == rates[1])
