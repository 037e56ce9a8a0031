"""The response to the learning rate: points, zone, cliff, edge, slices."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.science.comparison import compare
from moetui.core.science.evidence import Evidence
from moetui.core.science.findings import sentences
from moetui.core.science.groups import groups
from moetui.core.science.measure import LOSS, MEASURES
from moetui.core.science.response import Response, Slice, respond, slices
from tests.core.science.records import record

NOISE = (-0.004, 0.001, 0.005, -0.002, 0.003)


def bowl(lr: float) -> float:
    return 4.5 + 0.25 * math.log(lr / 0.05) ** 2


def sweep(
    lrs: Iterable[float], *, seeds: int = 3, loss: Callable[[float], float] = bowl, **fields: Any
) -> list[RunRecord]:
    """Runs over learning rates; the noise of a seed depends on the learning rate, so that pairs are not constant."""
    return [
        record(loss(lr) + NOISE[(seed + index) % 5], setting=f"lr={lr}", seed=seed, lr=lr, **fields)
        for index, lr in enumerate(lrs)
        for seed in range(1, seeds + 1)
    ]


def diverged(lr: float, seed: int = 1) -> RunRecord:
    return record(None, setting=f"lr={lr}", seed=seed, lr=lr, status="diverged", update=7)


def response(runs: Iterable[RunRecord], **options: Any) -> Response:
    return respond(Slice((), tuple(map(Evidence, runs))), LOSS, **options)


def test_best_optimum_zone_and_end_of_a_sweep() -> None:
    found = response(sweep((0.01, 0.02, 0.03, 0.045, 0.07, 0.1, 0.2)))
    assert found.best is not None
    assert found.best.lr == 0.045
    assert found.optimum is not None
    assert found.optimum.fitted
    assert found.optimum.lr == pytest.approx(0.05, rel=0.05)
    low, high = found.optimum.stated
    assert 0.03 < (low or 0) < 0.05 < (high or 0) < 0.07
    assert [point.safety for point in found.points] == [*3 * ["beyond"], "safe", "safe", "beyond", "beyond"]
    assert found.zone is not None
    assert (found.zone.low, found.zone.high) == (0.045, 0.07)
    assert found.cliff is None  # nothing diverged: it is a slope
    assert found.edge == ""
    said = list(sentences(found))
    assert "It ends between 0.07 and 0.1, where the validation loss is worse by more than 1 %." in said
    assert "No run diverged up to 0.2." in said


def test_the_zone_grows_with_the_tolerance_and_a_cliff_is_where_runs_diverge() -> None:
    runs = [*sweep((0.01, 0.03, 0.05, 0.1)), diverged(0.2), *sweep((0.3,))]
    widths = [
        (zone.low, zone.high) for tolerance in (0.01, 0.03, 0.5) if (zone := response(runs, tolerance=tolerance).zone)
    ]
    assert widths == [(0.05, 0.05), (0.03, 0.1), (0.01, 0.1)]
    wide = response(runs, tolerance=0.5)
    assert wide.cliff is not None
    assert (wide.cliff.last, wide.cliff.beyond, wide.cliff.diverged, wide.cliff.runs) == (0.1, 0.2, 1, 1)
    assert wide.cliff.last_runs == 3
    assert wide.cliff.could_be == pytest.approx(1 - 0.05 ** (1 / 3))


@given(st.floats(0.02, 0.1), st.floats(0.002, 0.05), st.integers(0, 1000))
def test_the_fitted_best_is_never_inside_of_a_cliff(best: float, sd: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lrs = [0.01 * 1.6**power for power in range(7)]
    runs = [
        record(4.5 + 0.25 * math.log(lr / best) ** 2 + rng.normal(0, sd), setting=f"lr={lr}", seed=n, lr=lr)
        for lr in lrs
        for n in range(3)
    ]
    found = response([*runs, diverged(lrs[-1], seed=9), diverged(2 * lrs[-1])])
    assert found.optimum is not None
    assert found.cliff is None or found.optimum.lr <= found.cliff.last
    assert found.best is not None
    assert not found.best.group.diverged


def test_with_one_run_each_a_divergence_is_no_cliff() -> None:
    found = response([*sweep((0.01, 0.02), seeds=1), diverged(0.1)])
    assert found.cliff is None
    assert "Diverged: 1 of 1 at 0.1; that is no verdict on a cliff." in list(sentences(found))


def test_one_diverged_seed_makes_a_learning_rate_unsafe_and_never_the_best() -> None:
    runs = [*sweep((0.03, 0.05)), diverged(0.05, seed=4)]
    found = response(runs, tolerance=0.5)
    assert found.best is not None
    assert found.best.lr == 0.03
    assert found.cliff is not None
    assert (found.cliff.diverged, found.cliff.runs) == (1, 4)
    (beside,) = (point.against_best for point in found.points if point.against_best)
    assert (beside.verdict, beside.reason) == ("no verdict", "1 of 4 runs diverged")


@pytest.mark.parametrize(
    ("lrs", "edge"), [((0.05, 0.1, 0.2), "lowest"), ((0.01, 0.02, 0.04), "highest"), ((0.05,), "")]
)
def test_a_best_at_the_edge_of_the_grid_is_said(lrs: tuple[float, ...], edge: str) -> None:
    found = response(sweep(lrs))
    assert found.edge == edge
    assert any("Edge of the grid" in line for line in sentences(found)) == bool(edge)


def test_a_divergence_above_the_best_is_no_edge() -> None:
    found = response([*sweep((0.01, 0.02, 0.04)), diverged(0.08)])
    assert found.edge == ""
    assert found.cliff is not None
    assert found.optimum is not None
    assert found.optimum.stated == (0.02, 0.08)
    assert "highest that can be judged" in found.optimum.reason


def test_one_seed_each_gets_no_verdict_and_no_interval() -> None:
    found = response(sweep((0.02, 0.05, 0.1), seeds=1))
    assert found.candidates == ()
    assert len(found.undecided) == 3
    assert {point.against_best.verdict for point in found.points if point.against_best} == {"no verdict"}
    assert any("One seed at every learning rate: no verdict" in line for line in sentences(found))
    assert found.optimum is not None
    assert found.optimum.stated == (None, None)
    assert "noise between seeds is not known" in found.optimum.reason
    assert {point.safety for point in found.points} == {""}
    assert found.zone is None


def test_for_an_accuracy_higher_is_better() -> None:
    runs = [
        run.model_copy(update={"final": Scores(val_accuracy=1 / run.final.val_loss)})
        for run in sweep((0.01, 0.02, 0.045, 0.1, 0.2))
        if run.final and run.final.val_loss
    ]
    found = respond(Slice((), tuple(map(Evidence, runs))), MEASURES["val_accuracy"])
    assert found.best is not None
    assert found.optimum is not None
    assert found.best.lr == 0.045
    assert found.optimum.stated[0] is not None
    assert 0.02 <= found.optimum.stated[0] < 0.05
    assert found.zone is not None
    assert found.zone.low == 0.045


def test_without_a_finished_run_there_is_no_best() -> None:
    found = response([record(5.0, lr=0.1, status="running")])
    assert (found.best, found.optimum, found.zone, found.cliff) == (None, None, None, None)
    assert list(sentences(found)) == ["No run has finished with a validation loss, so there is no best learning rate."]


@pytest.mark.parametrize(
    "runs",
    [
        [diverged(0.1), diverged(0.2)],
        [*sweep((0.1, 0.2)), diverged(0.1, seed=9), diverged(0.2, seed=9)],
    ],
)
def test_if_every_learning_rate_has_a_divergence_none_is_the_best(runs: list[RunRecord]) -> None:
    found = response(runs)
    assert (found.best, found.zone, found.optimum, found.candidates) == (None, None, None, ())
    assert list(sentences(found)) == ["Runs diverged at every learning rate, so none is the best."]


def test_learning_rates_without_a_result_are_kept_apart() -> None:
    found = response([*sweep((0.03, 0.05)), record(None, lr=0.07, setting="lr=0.07", status="running")])
    assert [group.samples[0].record.lr for group in found.untried] == [0.07]
    assert [point.lr for point in found.points] == [0.03, 0.05]


def test_seeds_that_agree_to_the_last_digit_tell_nothing_of_the_noise() -> None:
    found = response(record(5.0, setting=f"lr={lr}", lr=lr, seed=seed) for lr in (0.1, 0.2, 0.3) for seed in (1, 2))
    assert (found.zone, found.candidates) == (None, ())
    assert found.optimum is not None
    assert found.optimum.stated == (None, None)
    assert "5.0000 in all 2 runs, to the last digit" in next(sentences(found))


def test_runs_of_one_learning_rate_that_nobody_declared_replicates_are_not_pooled() -> None:
    runs = [
        record(5 + lr + 0.1 * n, setting=f"import-{lr}-{n}", seed=None, lr=lr) for lr in (0.1, 0.2, 0.3) for n in (1, 2)
    ]
    found = response(runs)
    assert [point.group.n for point in found.points] == 6 * [1]
    assert found.optimum is not None
    assert found.optimum.low is None


def test_a_pair_has_the_verdict_of_the_comparison_that_it_belongs_to() -> None:
    one, two = sweep((0.02, 0.05, 0.1)), sweep((0.02, 0.05, 0.1), updates=400, loss=lambda lr: bowl(lr) - 0.5)
    two = [run.model_copy(update={"group": f"long {run.group}"}) for run in two]
    whole = compare(groups([*one, *two], LOSS), LOSS)
    found = respond(Slice((), tuple(map(Evidence, one))), LOSS, comparison=whole)
    assert found.best is not None
    for point in found.points:
        if point.against_best:
            again = whole.between(point.group, found.best.group)
            assert (point.against_best.low, point.against_best.high) == (again.low, again.high)
    assert found.comparison.family == 15


def evidence(lr: float, seed: int = 1, **training: Any) -> Evidence:
    config = RunConfig.model_validate({"seed": seed, "optimizer": {"lr": lr}, "training": training})
    return Evidence(record(5.0, lr=lr, seed=seed, updates=config.training.updates), config)


def test_runs_are_sliced_by_everything_but_seed_and_learning_rate() -> None:
    runs = [evidence(lr, seed, updates=updates) for lr in (0.1, 0.2) for seed in (1, 2) for updates in (50, 100)]
    short, long = slices(runs)
    assert short.setting == (("training.updates", "50"),)
    assert long.setting == (("training.updates", "100"),)
    assert short.lrs == frozenset({0.1, 0.2})
    assert len(short.runs) == len(long.runs) == 4


def test_a_single_slice_needs_no_name() -> None:
    (only,) = slices([evidence(0.1), evidence(0.2)])
    assert only.setting == ()


def test_without_configurations_the_grid_point_stands_for_them_and_published_runs_stay_apart() -> None:
    runs = [
        Evidence(record(5.0, lr=lr, point={"optimizer.lr": lr, "optimizer.momentum": momentum}, published=published))
        for lr in (0.1, 0.2)
        for momentum, published in ((0.9, False), (0.9, True), (0.99, False))
    ]
    assert len(slices(runs)) == 3
    assert all(part.lrs == frozenset({0.1, 0.2}) for part in slices(runs))


def test_runs_without_a_learning_rate_belong_to_no_slice() -> None:
    assert slices([Evidence(record(5.0, lr=None))]) == ()


@pytest.mark.parametrize("status", ["queued", "running", "stopped", "killed"])
def test_what_does_not_count_raises_no_caution(status: str) -> None:
    runs = sweep((0.01, 0.03))
    unknown: dict[str, Any] = {"device": "", "data_fingerprint": "", "updates": 200}
    waiting = record(None, setting="lr=0.1", lr=0.1, status=status, **unknown)
    assert response([*runs, waiting]).caveats == ()
    assert [caveat.what for caveat in response([*runs, *sweep((0.1,), **unknown)]).caveats] == [
        "data fingerprints",
        "updates",
        "devices",
    ]


def test_an_imported_sweep_has_a_response_and_is_not_said_to_have_run_here() -> None:
    runs = [
        Evidence(
            record(
                bowl(lr), setting=f"log-{lr}", seed=None, lr=lr, backend="imported", source=f"/logs/{lr}/metrics.json"
            )
        )
        for lr in (0.01, 0.03, 0.05, 0.1)
    ]
    assert {run.origin for run in runs} == {"imported"}
    (part,) = slices(runs)
    found = respond(part, LOSS)
    assert found.best is not None
    assert found.best.lr == 0.05
    here = Evidence(record(5.0, setting="own", lr=0.2))
    assert len(slices([*runs, here])) == 2
