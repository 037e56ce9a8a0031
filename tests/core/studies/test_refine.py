"""What is run next follows from the response: the same setting, new learning rates and seeds, and nothing twice."""

import itertools
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.planning.plan import PlannedRun, Selection, group_of, plan
from moetui.core.planning.presets import Library
from moetui.core.science.evidence import Evidence
from moetui.core.studies.judge import Terms
from moetui.core.studies.refine import refine

LIBRARY = Library.load()


def ran(run: PlannedRun, loss: float, **fields: object) -> Evidence:
    facts: dict[str, object] = {
        "name": run.name,
        "preset": run.preset,
        "study": run.study,
        "group": run.group,
        "point": dict(run.point),
    }
    scores = Scores(val_loss=loss, update=run.config.training.updates, seconds=1.0)
    run_id = run.name.replace("/", "-").replace("=", "-")
    facts |= {
        "id": run_id,
        "seed": run.config.seed,
        "lr": run.config.optimizer.lr,
        "status": "finished",
        "path": "runs/x",
    }
    return Evidence(RunRecord.model_validate({**facts, "final": scores, **fields}), run.config)


def runs(*rates: float, seeds: tuple[int, ...] = (1,)) -> list[PlannedRun]:
    return plan(LIBRARY, Selection(presets=("quickstart",), axes={"optimizer.lr": rates}, seeds=seeds))


def test_the_grid_is_extended_where_the_best_is_at_its_edge() -> None:
    (found,) = refine([ran(run, -run.config.optimizer.lr) for run in runs(0.01, 0.03, 0.1)], Terms())
    assert "extend" in [step.kind for step in found.steps]
    assert max(run.config.optimizer.lr for run in found.runs) > 0.1


def test_it_goes_closer_around_a_best_inside_the_grid_with_the_seeds_that_the_best_has() -> None:
    planned = runs(0.01, 0.03, 0.1, seeds=(1, 2, 5))
    losses = {0.01: 4.0, 0.03: 3.0, 0.1: 4.0}
    noise = itertools.cycle((0.0, 0.001, -0.001))
    (found,) = refine([ran(r, losses[r.config.optimizer.lr] + next(noise)) for r in planned], Terms())
    assert [step.kind for step in found.steps] == ["zoom"]
    assert all(0.01 < run.config.optimizer.lr < 0.1 for run in found.runs)
    assert {run.config.seed for run in found.runs} == {1, 2, 5}


def test_what_is_added_belongs_to_the_study_that_was_asked_for() -> None:
    borrowed, *own = [ran(run, -run.config.optimizer.lr) for run in runs(0.01, 0.03, 0.1)]
    borrowed = replace(borrowed, record=borrowed.record.model_copy(update={"study": "another", "preset": "another"}))
    (found,) = refine([borrowed, *own], Terms(), study="quickstart")
    assert {(run.study, run.preset) for run in found.runs} == {("quickstart", "quickstart")}


def test_more_seeds_go_on_from_those_there_are() -> None:
    evidence = [ran(run, 3.0) for run in runs(0.02, 0.021, seeds=(7,))]
    (found,) = refine(evidence, Terms())
    (step,) = [step for step in found.steps if step.kind == "seeds"]
    assert {run.config.seed for run in found.runs if run.config.optimizer.lr in step.lrs} == {7, 8, 9}


def test_only_rate_and_seed_differ_and_the_names_are_those_of_a_plan() -> None:
    evidence = [ran(run, -run.config.optimizer.lr) for run in runs(0.01, 0.03, 0.1)]
    (found,) = refine(evidence, Terms())
    for run in found.runs:
        lr, seed = run.config.optimizer.lr, run.config.seed
        (like,) = runs(lr, seeds=(seed,))
        assert (run.group, run.preset, run.study) == (like.group, like.preset, like.study)
        assert run.name == f"{like.name}/seed={seed}"
        assert RunConfig.model_validate(run.config.model_dump()) == run.config


def test_every_setting_is_refined_by_itself() -> None:
    floors = Selection(presets=("quickstart",), axes={"schedule.floor": (0.0, 0.1)})
    settings = refine([ran(run, run.config.optimizer.lr) for run in plan(LIBRARY, floors)], Terms())
    assert len(settings) == 2
    assert [{run.config.schedule.floor for run in one.runs} for one in settings] == [{0.0}, {0.1}]
    assert all("/floor=" in run.name for one in settings for run in one.runs)


@pytest.mark.parametrize("fields", [{"published": True, "status": "published"}, {"parent": "abc"}])
def test_published_results_and_forks_are_not_gone_on_with(fields: dict[str, object]) -> None:
    assert refine([ran(run, 3.0, **fields) for run in runs(0.01, 0.1)], Terms()) == ()


def test_one_learning_rate_has_no_response() -> None:
    assert refine([ran(run, 3.0) for run in runs(0.01)], Terms()) == ()


@given(st.lists(st.floats(1e-4, 1.0), min_size=2, max_size=6, unique=True), st.integers(1, 3), st.randoms())
def test_no_run_is_proposed_twice(rates: list[float], seeds: int, chance: Random) -> None:
    planned = runs(*rates, seeds=tuple(range(1, seeds + 1)))
    for found in refine([ran(run, 3 + chance.random()) for run in planned], Terms()):
        identities = [(group_of(run.config), run.config.seed) for run in found.runs]
        assert len(set(identities)) == len(identities)
