"""What to run next."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moetui.core.catalogue.records import RunRecord
from moetui.core.science.evidence import Evidence
from moetui.core.science.findings import proposal
from moetui.core.science.measure import LOSS
from moetui.core.science.propose import Step, propose
from moetui.core.science.response import Slice, respond
from tests.core.science.records import record
from tests.core.science.test_response import sweep


def steps(runs: Iterable[RunRecord]) -> dict[str, Step]:
    return {step.kind: step for step in propose(respond(Slice((), tuple(map(Evidence, runs))), LOSS))}


def _slice(lrs: tuple[float, ...]) -> Slice:
    return Slice((), tuple(map(Evidence, sweep(lrs))))


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
    assert found["zoom"].lrs == (0.021, 0.095)  # the middles of both gaps
    assert found["zoom"].why == "the best lies between 0.01 and 0.2"


def test_what_is_proposed_lies_inside_of_what_is_known_of_the_best() -> None:
    runs = sweep([0.01 * 1.7**power for power in range(8)])
    response = respond(Slice((), tuple(map(Evidence, runs))), LOSS)
    assert response.optimum is not None
    low, high = response.optimum.stated
    assert low is not None
    assert high is not None
    new = [lr for step in propose(response) if step.kind == "zoom" for lr in step.lrs]
    assert all(low / 1.01 <= lr <= high * 1.01 for lr in new)


def test_where_every_learning_rate_diverges_it_goes_down() -> None:
    runs = [record(None, lr=lr, setting=f"{lr}", status="diverged") for lr in (0.03, 0.3)]
    (step,) = propose(respond(Slice((), tuple(map(Evidence, runs))), LOSS))
    assert (step.kind, step.seeds) == ("extend", 1)
    assert max(step.lrs) < 0.03
    assert "diverged at every learning rate" in step.why


def test_a_divergence_above_the_best_is_no_reason_to_go_up() -> None:
    runs = [*sweep((0.01, 0.02, 0.04)), record(None, lr=0.3, setting="0.3", status="diverged")]
    found = steps(runs)
    assert "extend" not in found
    assert all(0.02 < lr < 0.3 for lr in found["zoom"].lrs)


def test_candidates_that_cost_less_than_the_tolerance_get_no_more_seeds() -> None:
    runs = sweep((0.01, 0.046, 0.053, 0.2))
    part = Slice((), tuple(map(Evidence, runs)))
    assert not [step for step in propose(respond(part, LOSS, tolerance=0.05)) if step.kind == "seeds"]


def test_a_fine_grid_is_not_zoomed_into() -> None:
    assert "zoom" not in steps(sweep((0.045, 0.05, 0.055)))


def test_single_seeds_near_the_best_get_more() -> None:
    found = steps(sweep((0.01, 0.045, 0.055, 0.2), seeds=1))
    assert found["seeds"].lrs == (0.045, 0.055, 0.2)  # the best and its neighbours, which the bracket needs
    assert found["seeds"].seeds == 3


def test_undecided_learning_rates_get_at_most_twice_their_seeds() -> None:
    found = {step.kind: step for step in propose(respond(_slice((0.01, 0.046, 0.053, 0.2)), LOSS, tolerance=0.001))}
    assert set(found["seeds"].lrs) == {0.046, 0.053}
    assert found["seeds"].seeds == 6


def test_nothing_is_proposed_from_nothing() -> None:
    assert steps([record(None, lr=0.1, status="running")]) == {}


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
