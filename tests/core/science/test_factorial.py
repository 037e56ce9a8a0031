"""Main effects and interaction of two crossed keys: what is found, what is left out, and that intervals hold."""

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from statsmodels.api import OLS

from moetui.core.catalogue.records import IMPORTED, RunRecord
from moetui.core.science.crossing import Cell, crossing, tabulate
from moetui.core.science.effects import fit_cells
from moetui.core.science.factorial import Factorial, crossed_effects
from moetui.core.science.factorial_words import factorial_sentences, factorial_tree
from moetui.core.science.groups import Group, groups
from moetui.core.science.measure import LOSS, measure
from tests.core.science.crossed import Truth, crossed_groups, rates
from tests.core.science.records import record, seeds

WARMUPS, FLOORS = (0.0, 0.02, 0.1), (0.05, 0.1)
SEEDS = (0.0, 0.04, -0.03)
"""Effects of the data orders, the same for all settings."""


def losses(
    effect: Mapping[float, float], *, both: float = 0.0, noise: float = 0.003
) -> dict[tuple[float, float], list]:  # type: ignore[type-arg]
    """Losses by warm-up and floor: effects of the warm-up alone, an interaction, and a little noise that is always the same."""
    random = np.random.default_rng(5)
    return {
        (warmup, floor): [
            4 + effect[warmup] + both * (warmup == 0.1) * (floor == 0.1) + seed + float(random.normal(0, noise))
            for seed in SEEDS
        ]
        for warmup, floor in itertools.product(WARMUPS, FLOORS)
    }


def found(values: Mapping[tuple[float, float], list]) -> Factorial:  # type: ignore[type-arg]
    result = crossed_effects(crossed_groups(values), LOSS)
    assert result is not None
    return result


PLANTED = {0.0: 0.2, 0.02: 0.1, 0.1: 0.0}


def test_a_planted_main_effect_is_found_with_its_size_and_its_best_level() -> None:
    result = found(losses(PLANTED))
    warmup, floor = result.effects
    assert (warmup.name, floor.name) == ("warmup", "floor")
    assert warmup.matters
    assert not floor.matters
    assert not result.depends
    assert result.leading is warmup
    assert warmup.best.label == "0.1"
    assert [level.verdict for level in warmup.levels] == ["worse", "worse", ""]
    assert warmup.sd.estimate == pytest.approx(np.std([0.2, 0.1, 0.0]), abs=0.01)
    assert warmup.range.low < 0.2 < warmup.range.high
    assert warmup.share is not None
    assert warmup.share > 0.95


def test_with_a_measure_of_which_more_is_better_the_best_level_is_the_highest() -> None:
    runs = [
        record(
            None, setting=f"{warmup}/{floor}", seed=seed, settings={"schedule.warmup": warmup, "schedule.floor": floor}
        )
        for warmup, floor in itertools.product((0.02, 0.1), FLOORS)
        for seed in (1, 2, 3)
    ]

    def scored(run: RunRecord) -> RunRecord:
        assert run.final is not None
        assert run.settings is not None
        better = 0.3 * (run.settings["schedule.warmup"] == 0.02)
        noise = 0.001 * ((run.seed or 0) * len(run.name) % 3)
        return run.model_copy(update={"final": run.final.model_copy(update={"val_accuracy": 0.3 + better + noise})})

    accuracy = measure("val_accuracy")
    result = crossed_effects(groups(map(scored, runs), accuracy), accuracy)
    assert result is not None
    assert result.effects[0].best.label == "0.02"


def test_an_interaction_is_found_and_said_to_limit_the_averages() -> None:
    values = losses(PLANTED, both=0.3)
    assert found(values).depends
    assert any(
        "the effect of warmup depends on floor" in line.lower()
        for line in factorial_sentences(crossed_groups(values), LOSS)
    )


def test_the_sentences_name_the_answer_the_levels_and_that_others_may_differ() -> None:
    warmup, floor, interaction, answer = factorial_sentences(crossed_groups(losses(PLANTED)), LOSS)
    assert warmup.startswith("warmup matters: sd 0.0")
    assert "Best on average: 0.1; worse: 0 by 0.2" in warmup
    assert floor.startswith("floor: no effect beyond the noise")
    assert interaction.startswith("No dependence of the effect of warmup on floor beyond the noise")
    assert answer.startswith("Over the levels tried (3 of warmup and 2 of floor) warmup matters more than floor")
    assert answer.endswith("Other levels may differ.")


def test_without_effects_no_order_of_the_two_is_claimed() -> None:
    *_, answer = factorial_sentences(crossed_groups(losses(dict.fromkeys(WARMUPS, 0.0))), LOSS)
    assert answer.startswith("Which of warmup and floor matters more cannot be told")


def test_a_level_with_a_divergence_is_left_out_and_named() -> None:
    values = losses(PLANTED)
    values[0.0, 0.1][1] = None
    result = found(values)
    assert [level.label for level in result.effects[0].levels] == ["0.02", "0.1"]
    assert result.crossing.left_out == ("warmup 0 (floor 0.1: 1 of 3 diverged)",)
    assert any(
        "warmup 0 (floor 0.1: 1 of 3 diverged)" in line for line in factorial_sentences(crossed_groups(values), LOSS)
    )


def test_a_combination_that_was_not_run_takes_its_level_with_it() -> None:
    values = losses(PLANTED)
    del values[0.02, 0.05]
    assert found(values).crossing.left_out == ("warmup 0.02 (floor 0.05: not run)",)


def test_five_schedules_that_change_both_at_once_say_nothing_of_either() -> None:
    pairs = ((0.1, 0.05), (0.05, 0.1), (0.0, 0.1), (0.02, 0.2), (0.2, 0.1))
    result = found({pair: [4.0 + index, 4.1 + index] for index, pair in enumerate(pairs)})
    assert result.effects == ()
    assert result.reason == "they are not crossed: 5 of 15 combinations were run"
    (only,) = factorial_sentences(crossed_groups({pair: [4.0, 4.1] for pair in pairs}), LOSS)
    assert only == (
        "The effects of warmup and floor cannot be told apart: they are not crossed: 5 of 15 combinations were run."
    )


def test_one_seed_each_gives_no_verdict() -> None:
    assert found({pair: [4.0] for pair in itertools.product(WARMUPS, FLOORS)}).reason.startswith("one seed each")


def test_seeds_that_agree_to_the_last_digit_measure_no_noise() -> None:
    assert "last digit" in found({pair: [4.0 + sum(pair)] * 3 for pair in itertools.product(WARMUPS, FLOORS)}).reason


def test_settings_that_differ_in_one_key_or_in_three_are_no_crossing() -> None:
    assert crossed_effects(groups(seeds([4.0, 4.1], setting="a"), LOSS), LOSS) is None
    three = [
        record(
            4.0,
            setting=f"{number}",
            settings={"schedule.warmup": number, "schedule.floor": number, "optimizer.lr": number},
        )
        for number in (0.1, 0.2)
    ]
    assert crossed_effects(groups(three, LOSS), LOSS) is None
    assert factorial_sentences(groups(three, LOSS), LOSS) == ()
    assert factorial_tree(groups(three, LOSS), LOSS) is None


def test_imported_runs_that_their_owner_put_together_with_different_settings_are_no_crossing() -> None:
    made = crossed_groups({(w, f): [5.0, 5.1] for w in (0.0, 0.1) for f in (0.0, 0.1)})
    assert crossing(made) is not None

    def brought(group: Group) -> Group:
        first, second = group.samples
        other = {"settings": (second.record.settings or {}) | {"optimizer.lr": 0.3}, "backend": IMPORTED}
        return replace(group, samples=(first, replace(second, record=second.record.model_copy(update=other))))

    assert crossing([brought(made[0]), *made[1:]]) is None


def test_learning_rates_of_settings_of_their_own_are_left_to_the_response() -> None:
    apart = [
        record(4.0, setting=f"{kind}{lr}", seed=seed, settings={"optimizer.kind": kind, "optimizer.lr": lr})
        for kind, lrs in (("adamw", (0.001, 0.002)), ("muon", (0.01, 0.02)))
        for lr in lrs
        for seed in (1, 2)
    ]
    assert crossed_effects(groups(apart, LOSS), LOSS) is None


def test_the_tree_has_every_number_and_the_runs() -> None:
    tree = factorial_tree(crossed_groups(losses(PLANTED)), LOSS)
    assert tree is not None
    assert tree["keys"] == ["schedule.warmup", "schedule.floor"]
    assert tree["matters_more"] == "warmup"
    assert tree["seeds_are_blocks"]
    assert sum(len(cell["runs"]) for cell in tree["cells"]) == 18
    assert tree["effects"][0]["levels"][2] == {"level": "0.1", "verdict": "best", "from_best": None} | {
        "mean": tree["effects"][0]["levels"][2]["mean"]
    }


def test_the_fit_is_least_squares_of_cells_and_seeds_where_runs_are_missing() -> None:
    random = np.random.default_rng(2)
    cells = [{seed: float(random.normal(4, 0.1)) for seed in (1, 2, 3)} for _ in range(4)]
    del cells[0][2], cells[3][1]
    fit = fit_cells(cells)
    assert fit is not None
    assert fit.blocked
    runs = [(k, seed, value) for k, cell in enumerate(cells) for seed, value in cell.items()]
    columns = [[float(k == cell) for k in range(4)] + [float(seed == s) for s in (2, 3)] for cell, seed, _ in runs]
    known = OLS([value for *_, value in runs], columns).fit()
    assert np.diff(fit.mean_K) == pytest.approx(np.diff(known.params[:4]))
    assert fit.df == pytest.approx(known.df_resid)


def test_a_large_complete_table_has_the_noise_of_its_formula() -> None:
    random = np.random.default_rng(3)
    y_KJ = 4 + random.normal(0, 0.02, (40, 30)) + random.normal(0, 0.03, 30)
    fit = fit_cells([dict(enumerate(row)) for row in y_KJ.tolist()])
    assert fit is not None
    residual_KJ = y_KJ - y_KJ.mean(axis=1, keepdims=True) - y_KJ.mean(axis=0) + y_KJ.mean()
    assert fit.variance_K == pytest.approx((residual_KJ**2).sum(axis=1) / (29 * (1 - 1 / 40)))
    assert fit.df == pytest.approx(39 * 29)


def test_a_table_of_too_many_combinations_says_so() -> None:
    result = found({(float(a), float(b)): [4.0 + a, 4.1 + b] for a in range(41) for b in range(10)})
    assert result.effects == ()
    assert "410 combinations is more than the 400" in result.reason


def test_the_gaps_of_a_level_are_counted_where_they_are_many() -> None:
    cells = [Cell((f"a{index}", "b0"), (1.0, 2.0)) for index in range(12)]
    levels = tuple(f"a{index}" for index in range(12)), ("b0", "b1")
    table = tabulate(("schedule.warmup", "schedule.floor"), levels, cells)
    assert table.kept == (levels[0], ("b0",))
    assert table.left_out[0].endswith("warmup a7: not run; and 4 more)")


def test_settings_drawn_at_random_are_seen_not_to_be_crossed_without_looking_at_every_combination() -> None:
    cells = [Cell((f"a{index}", f"b{index}"), (), reason="one seed") for index in range(2000)]
    levels = tuple(f"a{index}" for index in range(2000)), tuple(f"b{index}" for index in range(2000))
    assert not tabulate(("schedule.warmup", "schedule.floor"), levels, cells).crossed


def test_seeds_of_their_own_are_no_blocks() -> None:
    fit = fit_cells([{1: 4.0, 2: 4.1}, {3: 4.2, 4: 4.3}, {5: 4.0, 6: 4.2}])
    assert fit is not None
    assert not fit.blocked


NULLS = [Truth(levels=(3, 2)), Truth(levels=(3, 2), noise="x10"), Truth(levels=(2, 2), seeds=2, noise="x10")]
EFFECTS = [
    Truth(levels=(3, 2), first=0.02, second=0.02, noise="x10"),
    Truth(levels=(3, 2), first=0.02, second=0.02, both=0.02),
]
TIMES = 300
SLACK = 0.035
"""Two and a half standard errors of a share of 6 % in so many studies."""


@pytest.mark.slow
@pytest.mark.parametrize("truth", NULLS)
def test_where_nothing_matters_it_is_seldom_claimed(truth: Truth) -> None:
    assert all(share <= 0.06 + SLACK for share in rates(truth, TIMES).claimed.values())


@pytest.mark.slow
@pytest.mark.parametrize("truth", [*NULLS, *EFFECTS])
def test_the_intervals_hold(truth: Truth) -> None:
    assert all(share <= 0.06 + SLACK for share in rates(truth, TIMES).missed.values())


@pytest.mark.slow
def test_equal_effects_are_not_ranked_and_unequal_ones_are() -> None:
    equal = rates(EFFECTS[0], TIMES).claimed
    assert equal["first more"] + equal["second more"] <= 0.06 + SLACK
    unequal = rates(Truth(levels=(3, 2), first=0.05, second=0.005), 100).claimed
    assert unequal["first more"] >= 0.9
    assert unequal["first"] >= 0.98


LONG = [
    Truth(levels=levels, seeds=count, noise=noise)
    for levels in ((5, 3), (4, 2), (2, 2))
    for count in (2, 3, 5)
    for noise in ("equal", "x10", "ladder")
] + [
    Truth(noise="x10", sd=0.003),
    Truth(noise="x10", sd=0.05),
    Truth(shared=False),
    Truth(shared=False, noise="x10"),
    Truth(missing=4, noise="x10"),
    *(Truth(first=size, second=size, both=both, noise="x10") for size in (0.01, 0.03) for both in (0.0, 0.02)),
]


@pytest.mark.long
@pytest.mark.parametrize("truth", LONG)
def test_no_row_of_the_table_misses_its_target(truth: Truth) -> None:
    found = rates(truth, 1000)
    assert all(share <= 0.06 + 0.02 for share in found.missed.values())
    if truth.first == truth.second == truth.both == 0:
        assert all(share <= 0.06 + 0.02 for share in found.claimed.values())
