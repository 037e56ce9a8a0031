"""Which runs of a study are not worth their time."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.queue.pruning import SETTINGS, Curve, Pruner, behind, seed_by_seed
from moetui.core.runs.lab import Lab
from tests.tui.lab_on_disk import end_run, write_metrics, write_run

OTHERS = {"b": 5.0, "c": 5.1, "d": 5.2}


def curves(own: float, others: Mapping[str, float] = OTHERS) -> list[Curve]:
    return [Curve(group, {10: loss}) for group, loss in {"a": own, **others}.items()]


def test_a_setting_worse_than_the_median_of_the_others_is_behind() -> None:
    assert behind("a", 10, curves(5.15)) == (
        "pruned at update 10: validation loss 5.1500 of its setting, median 5.1000 of 3 others"
    )
    assert behind("a", 10, curves(5.1)) == ""


def test_only_losses_at_the_same_update_are_compared() -> None:
    later = [Curve(group, {20: 1.0}) for group in OTHERS]
    assert behind("a", 10, [Curve("a", {10: 9.0}), *later]) == ""


def test_it_takes_enough_other_settings() -> None:
    few = dict(list(OTHERS.items())[: SETTINGS - 1])
    assert behind("a", 10, curves(9.0, few)) == ""


def test_the_mean_over_its_seeds_decides_and_not_one_seed() -> None:
    assert behind("a", 10, [*curves(5.3), Curve("a", {10: 4.8})]) == ""
    assert behind("a", 10, [*curves(5.3), Curve("a", {10: 5.0})])


def test_a_divergence_is_worse_than_any_loss() -> None:
    dead = Curve("a", {5: 4.0}, diverged=True)
    assert behind("a", 10, [*curves(4.0), dead])
    others = [Curve(group, {}, diverged=True) for group in OTHERS]
    assert behind("a", 10, [Curve("a", {10: 99.0}), *others]) == ""


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.floats(1, 9), min_size=1))
def test_the_best_setting_is_never_behind(losses: dict[str, float]) -> None:
    best = min(losses, key=losses.__getitem__)
    assert behind(best, 10, [Curve(group, {10: loss}) for group, loss in losses.items()]) == ""


def test_seeds_come_one_after_another_and_the_first_of_each_setting_are_kept() -> None:
    planned = plan(Library.load(), Selection(presets=("quickstart",), seeds=(1, 2, 3)))
    ordered = seed_by_seed(planned)
    assert [run.config.seed for run in ordered] == [1] * 3 + [2] * 3 + [3] * 3
    assert [run.prunable for run in ordered] == [False] * 6 + [True] * 3
    assert not any(run.prunable for run in seed_by_seed(planned, kept=3))
    assert all(run.prunable for run in seed_by_seed(planned, kept=0))


@pytest.fixture
def study(lab: Lab) -> list[RunRecord]:
    """Three settings that have finished, and a running one whose losses are the worst up to update 40 of 100."""
    for number, level in enumerate((5.0, 5.1, 5.2)):
        queued = write_run(lab, f"done{number}", study="s", settings={"optimizer": {"lr": 0.01 + number}})
        end_run(lab, lab.catalogue.change(queued.id, group=f"g{number}"), loss=lambda update, level=level: level)  # type: ignore[misc]
    queued = write_run(lab, "going", study="s", prunable=True)
    record = lab.catalogue.change(queued.id, group="own", status="running")
    write_metrics(lab.run_dir(record), 40, loss=lambda update: 6.0)
    return [record, *(run for run in lab.records() if run.id != "going")]


def test_a_running_run_is_found_once_for_each_evaluation(lab: Lab, study: list[RunRecord]) -> None:
    pruner = Pruner(lab)
    ((found, reason),) = pruner.find(study)
    assert (found.id, reason.partition(":")[0]) == ("going", "pruned at update 40")
    assert list(pruner.find(study)) == []
    assert len(list(Pruner(lab).find(study))) == 1  # another dispatcher comes to the same


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "queued"},
        {"status": "stopping"},
        {"study": "another"},
        {"study": ""},
        {"updates": 40},
        {"updates": 200},
        {"tokens_per_update": 1},
        {"parameters": 1},
    ],
)
def test_what_is_not_running_or_has_no_equals_is_let_go_on(
    lab: Lab, study: list[RunRecord], fields: dict[str, object]
) -> None:
    assert list(Pruner(lab).find([study[0].model_copy(update=fields), *study[1:]])) == []


def test_nothing_is_pruned_that_was_not_queued_for_it_or_has_only_begun(lab: Lab, study: list[RunRecord]) -> None:
    kept = write_run(lab, "kept", study="s")
    write_metrics(lab.run_dir(kept), 40, loss=lambda update: 6.0)
    young = write_run(lab, "young", study="s", prunable=True)
    write_metrics(lab.run_dir(young), 20, loss=lambda update: 6.0)
    running = [run.model_copy(update={"status": "running", "group": run.id}) for run in (kept, young)]
    assert list(Pruner(lab).find([*running, *study[1:]])) == []
