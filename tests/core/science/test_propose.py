"""What to run next."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moetui.core.records import RunRecord
from moetui.core.science.evidence import Evidence
from moetui.core.science.findings import proposal
from moetui.core.science.measure import LOSS
from moetui.core.science.propose import Step, propose
from moetui.core.science.response import Slice, respond
from tests.core.science.records import record
from tests.core.science.test_response import sweep


def steps(runs: Iterable[RunRecord]) -> dict[str, Step]:
    return {step.kind: step for step in propose(respond(Slice((), tuple(map(Evidence, runs))), LOSS))}


def test_a_best_at_the_highest_learning_rate_extends_the_grid_upwards() -> None:
    found = steps(sweep((0.01, 0.02, 0.04)))
    assert found["extend"].lrs == (0.08, 0.16)
    assert found["extend"].seeds == 3
    assert "zoom" not in found


def test_a_best_at_the_lowest_learning_rate_extends_the_grid_downwards() -> None:
    assert steps(sweep((0.06, 0.18, 0.5)))["extend"].lrs == (0.0067, 0.02)


def test_a_step_outwards_is_neither_tiny_nor_huge() -> None:
    assert steps(sweep((0.03, 0.0301)))["extend"].lrs == (0.045, 0.068)
    assert steps(sweep((0.0001, 0.04)))["extend"].lrs == (0.13, 0.4)


def test_a_best_within_the_grid_is_zoomed_into_with_as_many_seeds() -> None:
    found = steps(sweep((0.01, 0.045, 0.2), seeds=2))
    assert found["zoom"].seeds == 2
    assert found["zoom"].lrs == (0.021, 0.05, 0.095)  # the middles of both gaps and the fitted best


def test_a_fine_grid_is_not_zoomed_into() -> None:
    assert "zoom" not in steps(sweep((0.045, 0.05, 0.055)))


def test_single_seeds_near_the_best_get_more() -> None:
    found = steps(sweep((0.01, 0.045, 0.055, 0.2), seeds=1))
    assert found["seeds"].lrs == (0.045, 0.055)
    assert found["seeds"].seeds == 3


def test_undecided_learning_rates_get_at_most_twice_their_seeds() -> None:
    found = steps(sweep((0.01, 0.046, 0.053, 0.2)))
    assert set(found["seeds"].lrs) == {0.046, 0.053}
    assert 3 < found["seeds"].seeds <= 6


def test_nothing_is_proposed_from_nothing() -> None:
    assert steps([record(None, lr=0.1, status="diverged")]) == {}


def test_one_learning_rate_alone_gets_seeds_only() -> None:
    assert steps(sweep((0.05,))) == {}
    assert steps(sweep((0.05,), seeds=1))["seeds"].lrs == (0.05,)


@given(st.lists(st.sampled_from([0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.4]), min_size=2, unique=True))
def test_new_learning_rates_are_new_and_apart(lrs: list[float]) -> None:
    found = steps(sweep(sorted(lrs), seeds=1))
    new = [lr for kind in ("extend", "zoom") if kind in found for lr in found[kind].lrs]
    for a, b in itertools.combinations([*lrs, *new], 2):
        assert {a, b} <= set(lrs) or a != pytest.approx(b, rel=0.05)


def test_a_step_in_words() -> None:
    step = Step("zoom", (0.036, 0.061), 3, "between the neighbours of the best, 0.05")
    assert proposal(step) == "Next: Try 0.036, 0.061 with 3 seeds: between the neighbours of the best, 0.05."
