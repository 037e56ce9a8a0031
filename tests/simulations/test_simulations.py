"""The procedures in simulations with known truth: a few scenarios always, all of them in the long form."""

import math

import numpy as np
import pytest

from moetui.core.science.comparison import compare
from moetui.core.science.measure import LOSS as MEASURE
from tests.simulations import everything
from tests.simulations.best_rate import BEST, Sweep
from tests.simulations.best_rate import PART as RATE
from tests.simulations.former import Told, holm_pairs, named_best, parabola_bootstrap, pooled_range
from tests.simulations.planned import PART as PLANNED
from tests.simulations.races import PART as RACES
from tests.simulations.runs import groups
from tests.simulations.small import PREDICTIONS, SEEDS, Pilot
from tests.simulations.tally import Answer, Question, Scenario, Target, simulate
from tests.simulations.truths import GRIDS, Random
from tests.simulations.verdicts import FALSE, INTERVALS, LOOKS, PART, POWER, Study, intervals

ALLOWED = 3.0
"""Standard errors by which a share may lie beyond its target in a test."""

SHORT = (
    (f"{PART}/2 × 3", 200),
    (f"{PART}/5 × 2, one ×10", 300),
    (f"{PART}/5 × 3, doubling", 300),
    (f"{PART}/7 × 5, half ×10, a fifth missing", 200),
    (f"{PART}/5 × 3, one ×10, seeds not shared", 300),
    (f"{PART}/12 × 3, t3", 150),
    (f"{INTERVALS}/5 × 3, doubling, apart by 0, 1, 2, 4, 8 sd", 300),
    (f"{POWER}/5 × 3, others worse by 0.1", 300),
    (f"{POWER}/12 × 3, others worse by 0.2", 300),
    (f"{LOOKS}/5 settings, looks at 3, 6, 12 seeds", 300),
    (f"{RATE}/parabola", 48),
    (f"{RATE}/skew", 48),
    (f"{RATE}/V 1 : 10", 48),
    (f"{PREDICTIONS}/3 runs, normal", 200),
    (f"{RACES}/7 × 4, apart by 0, 1, 2, 4, 8 sd …", 50),
    (f"{RACES}/2 × 8, all equal", 200),
    (f"{PLANNED}/three sizes", 100),
    (f"{PLANNED}/five sizes, skewed", 100),
)
"""Scenarios of the short form, with the studies asked for (times the share of the scenario)."""

ALL = {f"{one.part}/{one.name}": one for one in everything.scenarios()}


def answers(scenario: Scenario, studies: int) -> list[Answer]:
    """The rows of a scenario."""
    (tally,) = simulate([scenario], studies)
    return list(tally.answers())


def beyond(found: list[Answer]) -> list[str]:
    """The rows that lie too far beyond their targets."""
    return [
        f"{one.question.asks}: {one.measured}, at worst {one.worst}, target {one.question.target}"
        for one in found
        if one.excess > ALLOWED
    ]


@pytest.mark.parametrize(("name", "studies"), SHORT)
def test_the_procedures_keep_their_targets(name: str, studies: int) -> None:
    assert not beyond(answers(ALL[name], studies))


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_the_procedures_keep_their_targets_in_all_scenarios(name: str) -> None:
    assert not beyond(answers(ALL[name], 100))


def test_the_seeds_that_are_asked_for_suffice_in_four_pilots_of_five() -> None:
    pilot = Pilot(settings=5, seeds=3, size=2.1, ways=("anew",), studies=100)
    question = Question(asks="too little power", outcome="anew", target=Target(high=0.2))
    scenario = Scenario(part=SEEDS, name="5 × 3", cases={"": pilot}, questions=(question,))
    assert not beyond(answers(scenario, 150))


# That the simulations can fail: procedures that are known to be wrong exceed the targets in them.


def false_verdicts(told: str, study: Study, studies: int) -> Answer:
    """How often a contestant tells equal settings apart."""
    by = {"pooled_range": pooled_range, "named_best": named_best, "holm_pairs": holm_pairs}[told]

    def once(random: Random) -> dict[str, float]:
        found: Told = by(study.drawn(random)[1])
        return {"false": float(found.apart.any())}

    return answers(Scenario(part=told, name=study.name, cases={"": once}, questions=(FALSE,)), studies)[0]


def test_one_variance_for_all_settings_fails_where_the_noise_is_unequal() -> None:
    assert false_verdicts("pooled_range", Study(settings=5, seeds=3), 1000).excess <= ALLOWED
    assert false_verdicts("pooled_range", Study(settings=5, seeds=3, noise="one ×10"), 1000).excess > ALLOWED


def test_testing_against_the_best_that_was_seen_fails_between_equal_settings() -> None:
    assert false_verdicts("holm_pairs", Study(settings=12, seeds=3), 200).excess <= ALLOWED
    assert false_verdicts("named_best", Study(settings=12, seeds=3), 1500).excess > ALLOWED


def test_looking_again_at_the_same_level_fails() -> None:
    study = Study(settings=5, seeds=12)

    def once(random: Random) -> dict[str, float]:
        drawn = study.drawn(random)[1]
        return {"false": float(any(holm_pairs(drawn[:, :seeds]).apart.any() for seeds in (3, 6, 12)))}

    found = answers(Scenario(part=LOOKS, name="former", cases={"": once}, questions=(FALSE,)), 1500)[0]
    assert found.excess > ALLOWED


def test_the_interval_of_a_parabola_fails_where_the_response_is_none() -> None:
    found = answers(ALL[f"{RATE}/kink 0.12 to 0.9"], 24)[0]
    assert found.former is not None
    assert found.measured is not None
    assert found.former.value < 0.2 < 0.9 < found.measured.value


# That they measure what the user is told.


@pytest.mark.parametrize(
    "study",
    [
        Study(settings=5, seeds=3, noise="doubling", steps=(0, 1, 2, 4, 8)),
        Study(settings=4, seeds=4, design="own", steps=(0, 3, 6, 9)),
        Study(settings=3, seeds=3, design="unshared", steps=(0, 5, 10)),
    ],
)
def test_the_intervals_of_a_simulation_are_those_of_the_differences(study: Study) -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        comparison = compare(groups(study.drawn(random)[1]), MEASURE, against="all")
        between = intervals(comparison)
        for one in comparison.differences:
            i, j = comparison.index_of(one.first), comparison.index_of(one.second)
            assert one.low == pytest.approx(between.gap[i, j] - between.half[i, j])
            assert one.high == pytest.approx(between.gap[i, j] + between.half[i, j])
            assert between.apart[i, j] == (one.verdict in ("better", "worse"))


def test_noise_and_levels_are_those_that_the_scenario_asks_for() -> None:
    random = np.random.default_rng(1)
    study = Study(settings=4, seeds=4000, noise="one ×10", law="t5", sd=0.01)
    spread = np.sort(study.drawn(random)[1].std(axis=1))
    common = 0.03  # what a seed does to all settings alike
    assert spread[:3] == pytest.approx(math.hypot(common, 0.01), rel=0.1)
    assert spread[3] == pytest.approx(math.hypot(common, 0.1), rel=0.1)
    assert compare(groups(study.drawn(random)[1][:, :3]), MEASURE).at_once
    assert not compare(groups(study.drawn(random)[1][:, :3], (2, 3)), MEASURE).at_once


def test_a_sweep_holds_its_best_learning_rate_without_noise() -> None:
    outcomes = Sweep(truth="parabola", sd=1e-6)(np.random.default_rng(1))
    assert outcomes["stated"] == outcomes["given"] == outcomes["given right"] == 1
    d = GRIDS[1].places(np.random.default_rng(1))
    low_high = parabola_bootstrap(BEST * np.exp(d), [[4 + 0.25 * x * x, 4.001 + 0.25 * x * x] for x in d])
    assert low_high is not None
    assert low_high[0] < BEST < low_high[1]
