"""Races: which settings leave, and which of their runs are kept from going on."""

import dataclasses

import pytest

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.planning.plan import PlannedRun, Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.queue.racing import Racer, entered, left
from moetui.core.runs.lab import Lab
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS
from moetui.core.science.racing import ERROR, Left, level, race
from tests.core.science.records import record
from tests.tui.lab_on_disk import write_run

LEVELS = {"a": 4.0, "b": 4.001, "c": 4.3, "d": 4.5, "e": 4.7}
NOISE = (0.003, -0.002, 0.001, -0.004, 0.002, 0.0, -0.001)


def runs(seeds: int, levels: dict[str, float] = LEVELS) -> list[RunRecord]:
    return [
        record(loss + NOISE[(3 * seed + 2 * place) % 7], setting=setting, seed=seed)
        for seed in range(1, seeds + 1)
        for place, (setting, loss) in enumerate(levels.items())
    ]


def leaving(records: list[RunRecord], seeds: int) -> tuple[Left, ...]:
    return race(groups(records, LOSS), range(1, seeds + 1), LOSS)


def test_what_cannot_be_the_best_leaves_and_what_may_be_stays() -> None:
    assert leaving(runs(1), 5) == ()
    two, three = (leaving(runs(seeds), 5) for seeds in (2, 3))
    assert {one.key for one in three} == {"c", "d", "e"}
    assert two == three[: len(two)]
    (worst,) = [one for one in three if one.key == "e"]
    assert worst.best == pytest.approx(4.0, abs=0.01)
    assert f"after {worst.seeds} seeds: mean loss 4.7" in worst.reason


def test_later_seeds_and_those_of_others_change_nothing_of_an_earlier_round() -> None:
    early = leaving(runs(3), 5)
    late = leaving([*runs(5), record(9.0, setting="b", seed=77)], 5)
    assert late[: len(early)] == early
    lacking = [one for one in runs(3) if (one.group, one.seed) != ("b", 3)]
    assert all(one.seeds < 3 for one in leaving(lacking, 5))


def test_a_setting_of_which_a_run_diverged_leaves_at_once() -> None:
    dead = record(None, setting="a", seed=1, status="diverged", final=None)
    (one,) = leaving([dead, *(run for run in runs(1) if run.group != "a")], 5)
    assert (one.key, one.seeds) == ("a", 0)
    assert "diverged" in one.reason


def test_a_single_setting_has_no_race() -> None:
    assert leaving(runs(5, {"a": 4.0}), 5) == ()


def test_the_rounds_of_an_endless_race_spend_five_percent() -> None:
    spent = [level(seeds) for seeds in range(2, 10_000)]
    assert sum(spent) == pytest.approx(ERROR, rel=0.001)
    assert sum(spent) < ERROR
    assert min(spent) > 0


def planned(seeds: int = 3) -> list[PlannedRun]:
    return plan(Library.load(), Selection(presets=("quickstart",), seeds=tuple(range(1, seeds + 1))))


def test_a_race_is_known_by_what_was_asked_for() -> None:
    runs = entered(planned(), {}, ())
    assert [run.config.seed for run in runs] == [1] * 3 + [2] * 3 + [3] * 3
    (name,) = {run.race for run in runs}
    assert {run.race for run in entered(planned(5), {}, ())} == {name}
    assert {run.race for run in entered(planned(), {"optimizer.adamw_ratio": 0.3}, ())} != {name}
    sized = [dataclasses.replace(run, point={**run.point, "model.d_ff": run.config.seed}) for run in planned()]
    assert len({run.race for run in entered(sized, {}, {"model.d_ff"})}) == 3


def test_records_tell_who_has_left_before_anything_is_queued() -> None:
    entries = entered(planned(), {}, ())
    by_group = list(dict.fromkeys(run.group for run in entries))
    known = [
        record(4.0 + place + NOISE[seed + place], setting=group, seed=seed)
        for place, group in enumerate(by_group)
        for seed in (1, 2, 3)
    ]
    assert set(left(entries, known)) == set(by_group[1:])
    assert left(entries, []) == {}


@pytest.fixture
def study(lab: Lab) -> list[RunRecord]:
    """Five settings with three seeds that have ended, and a fourth one of each that waits, all in one race."""
    found = []
    for place, (setting, loss) in enumerate(LEVELS.items()):
        for seed in range(1, 5):
            run = write_run(lab, f"{setting}{seed}", study="s", settings={"seed": seed}, race="r")
            final = Scores(val_loss=loss + NOISE[(3 * seed + 2 * place) % 7], update=100, seconds=1.0)
            ended = {"status": "finished", "final": final} if seed < 4 else {"status": "queued"}
            found.append(run.model_copy(update={"group": setting, "seed": seed, **ended}))
    return found


def test_runs_of_settings_that_have_left_are_kept_from_going_on(lab: Lab, study: list[RunRecord]) -> None:
    racer = Racer(lab)
    assert {run.id for run, _ in racer.find(study)} == {"c4", "d4", "e4"}
    assert all(reason.startswith("left the race after") for _, reason in racer.find(study))
    training = [run.model_copy(update={"status": "running"}) if run.id == "e4" else run for run in study]
    assert {run.id for run, _ in Racer(lab).find(training)} == {"c4", "d4", "e4"}


@pytest.mark.parametrize("fields", [{"status": "held"}, {"status": "stopping"}, {"tags": ("pruned",)}])
def test_what_cannot_be_stopped_or_races_elsewhere_is_let_alone(
    lab: Lab, study: list[RunRecord], fields: dict[str, object]
) -> None:
    changed = [run.model_copy(update=fields) if run.id == "e4" else run for run in study]
    assert "e4" not in {run.id for run, _ in Racer(lab).find(changed)}


def test_runs_without_a_race_are_never_stopped(lab: Lab) -> None:
    kept = [write_run(lab, f"k{place}", study="s").model_copy(update={"group": f"k{place}"}) for place in range(3)]
    assert list(Racer(lab).find(kept)) == []
