"""The rules by which a conclusion on a claim follows from verdicts, each with truths that it must tell apart."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest

from moetui.core.science.comparison import Comparison, compare
from moetui.core.science.evidence import Evidence
from moetui.core.science.factorial import crossed_effects
from moetui.core.science.measure import LOSS
from moetui.core.science.response import Response, Slice, respond
from pictures.studies.claim import Claim, close_calls
from pictures.studies.conclusions import (
    RULES,
    Conclusion,
    bad_above,
    correlates,
    good_zone,
    hardly_learns,
    is_best,
    is_worse,
    matters_more,
    ranked,
    upside_down,
)
from pictures.studies.noise import Noise, noise_of
from tests.core.science.crossed import crossed_groups
from tests.core.science.records import group, record

SEEDS = (0.03, -0.02, -0.01)
"""What a seed does to all settings."""
NOISE = ((0.004, -0.002, -0.002), (-0.003, 0.005, -0.002), (0.001, 0.002, -0.003), (-0.004, 0.001, 0.003))


def study(*means: float) -> Comparison:
    """Settings `0`, `1`, … with these means and little noise."""
    made = [
        group([mean + seed + noise for seed, noise in zip(SEEDS, NOISE[i % 4], strict=True)], setting=str(i))
        for i, mean in enumerate(means)
    ]
    return compare(made, LOSS)


def sweep(losses: dict[float, float], diverged: Sequence[float] = ()) -> Response:
    runs = [
        record(loss + SEEDS[seed] + NOISE[i % 4][seed], setting=f"lr={lr}", seed=seed, lr=lr)
        for i, (lr, loss) in enumerate(losses.items())
        for seed in range(3)
    ]
    runs += [record(None, setting=f"lr={lr}", seed=1, lr=lr, status="diverged") for lr in diverged]
    return respond(Slice((), tuple(map(Evidence, runs))), LOSS)


def setting(comparison: Comparison, name: str) -> Conclusion:
    (found,) = [one for one in comparison.groups if one.key == name]
    return is_best(comparison, found)


def test_the_best_is_the_only_one_that_may_be_it() -> None:
    clear, tied = study(4.0, 4.5, 5.0), study(4.0, 4.0005, 5.0)
    assert [setting(clear, name) for name in "012"] == ["holds here", "does not hold here", "does not hold here"]
    assert [setting(tied, name) for name in "012"] == ["open", "open", "does not hold here"]


def test_the_worst_is_the_best_of_the_settings_turned_upside_down() -> None:
    clear, tied = upside_down(study(4.0, 4.5, 5.0)), upside_down(study(4.0, 5.0, 5.0005))
    assert [setting(clear, name) for name in "012"] == ["does not hold here", "does not hold here", "holds here"]
    assert [setting(tied, name) for name in "012"] == ["does not hold here", "open", "open"]


def test_of_a_setting_without_a_verdict_nothing_is_concluded() -> None:
    single = group([3.0], setting="single")
    assert is_best(compare([*study(4.0, 5.0).groups, single], LOSS), single) == "open"


def test_a_pair_follows_its_verdict() -> None:
    found = study(4.0, 4.0005, 5.0)
    low, middle, high = found.groups
    assert is_worse(found.between(high, low)) == "holds here"
    assert is_worse(found.between(low, high)) == "does not hold here"
    assert is_worse(found.between(middle, low)) == "open"


VALLEY = {0.01: 5.0, 0.03: 4.5, 0.1: 4.495, 0.3: 5.0}


def test_a_good_zone_has_all_that_is_safe_and_nothing_that_is_beyond() -> None:
    found = sweep(VALLEY)
    assert [point.safety for point in found.points] == ["beyond", "safe", "safe", "beyond"]
    assert good_zone(found, 0.03, 0.1) == "holds here"
    assert good_zone(found, 0.01, 0.1) == "does not hold here"  # 0.01 is beyond
    assert good_zone(found, 0.03, 0.05) == "does not hold here"  # 0.1 is safe
    assert good_zone(found, 0.04, 0.05) == "does not hold here"  # nothing tried in it, and others are safe


def test_a_zone_with_a_rate_that_is_not_known_is_open() -> None:
    found = sweep(VALLEY | {0.02: 4.535})
    assert {point.lr: point.safety for point in found.points}[0.02] == "open"
    assert good_zone(found, 0.03, 0.1) == good_zone(found, 0.02, 0.1) == "open"


def test_above_a_rate_all_must_be_bad() -> None:
    assert bad_above(sweep(VALLEY), 0.1) == "holds here"
    assert bad_above(sweep(VALLEY), 0.05) == "does not hold here"
    assert bad_above(sweep(VALLEY | {0.2: 4.535}), 0.1) == "open"
    assert bad_above(sweep(VALLEY, diverged=[1.0]), 0.3) == "holds here"
    assert bad_above(sweep(VALLEY), 0.3) == "open"  # nothing was tried there


@pytest.mark.parametrize(
    ("shares", "conclusion"),
    [
        ([(0.01, 0.05), (0.02, 0.09)], "holds here"),
        ([(0.01, 0.05), (0.05, 0.15)], "open"),
        ([(0.01, 0.05), (0.2, 0.3)], "does not hold here"),
        ([], "open"),
    ],
)
def test_hardly_learning_is_a_tenth_of_the_best(shares: list[tuple[float, float]], conclusion: Conclusion) -> None:
    assert hardly_learns(shares) == conclusion


def test_single_runs_rank_settings_if_every_step_stands_out() -> None:
    assert ranked([4.0, 4.2, 4.1], least=0.05) == "holds here"
    assert ranked([4.0, 4.2, 4.21], least=0.05) == "does not hold here"
    assert ranked([4.0], least=0.05) == "open"


def test_a_correlation_is_never_shown_by_an_interval() -> None:
    assert correlates(-0.2, 0.9, 0.583) == "open"
    assert correlates(None, None, 0.583) == "open"
    assert correlates(-0.2, 0.5, 0.583) == "does not hold here"


def test_one_key_matters_more_only_where_both_are_crossed() -> None:
    cells = itertools.product((0.0, 0.1), (0.05, 0.1))
    losses = {
        (warmup, floor): [4 + 4 * warmup + 0.2 * floor + s + n for s, n in zip(SEEDS, NOISE[i], strict=True)]
        for i, (warmup, floor) in enumerate(cells)
    }
    crossed = crossed_effects(crossed_groups(losses), LOSS)
    assert matters_more(crossed, "warmup") == "holds here"
    assert matters_more(crossed, "floor") == "does not hold here"
    part = crossed_effects(crossed_groups({key: losses[key] for key in ((0.0, 0.05), (0.1, 0.1))}), LOSS)
    assert matters_more(part, "warmup") == matters_more(None, "warmup") == "open"


def test_measures_that_disagree_are_told_one_by_one() -> None:
    assert Claim("", (("loss", "open"), ("accuracy", "open")), "").conclusion == "open"
    assert Claim("", (("loss", "holds here"), ("accuracy", "open")), "").conclusion == (
        "by loss holds here, by accuracy open"
    )


def test_the_page_has_a_rule_for_every_kind_of_conclusion() -> None:
    made = [is_best, is_worse, good_zone, bad_above, hardly_learns, ranked, matters_more, correlates]
    assert len(RULES) == len(made)


def test_the_noise_of_a_difference_is_known_from_all_pairs() -> None:
    """The mean variance of the differences of all pairs, by seed, is that of the analysis of variance."""
    random = np.random.default_rng(3)
    values = 5 + random.normal(0, 0.02, (5, 4)) + random.normal(0, 0.3, 4)
    found = noise_of(compare([group(row.tolist(), setting=str(i)) for i, row in enumerate(values)], LOSS))
    pairs = [np.var(a - b, ddof=1) for a, b in itertools.combinations(values, 2)]
    assert found.same_seed == pytest.approx(math.sqrt(float(np.mean(pairs))))
    assert found.df == 12
    unlike = [np.var(row, ddof=1) for row in values]
    assert found.other_seed == pytest.approx(math.sqrt(2 * float(np.mean(unlike))))
    assert found.other_seed > 5 * found.same_seed


def test_a_least_difference_is_exceeded_by_chance_in_one_of_twenty_studies() -> None:
    random = np.random.default_rng(4)
    factor = Noise(same_seed=1.0, other_seed=1.0, lowest=1.0, highest=1.0, settings=4, df=6).least_difference()
    pilots = random.normal(0, 0.02, (4000, 4, 3))
    rest = pilots - pilots.mean(axis=1, keepdims=True) - pilots.mean(axis=2, keepdims=True)
    rest += pilots.mean(axis=(1, 2), keepdims=True)
    same_seed = np.sqrt(2 * (rest**2).sum(axis=(1, 2)) / 6)
    spans = np.ptp(random.normal(0, 0.02, (4000, 4)), axis=1)
    assert np.mean(spans > factor * same_seed) == pytest.approx(0.05, abs=0.012)  # 3.5 standard errors


def test_settings_with_unlike_seeds_have_no_noise_of_a_difference() -> None:
    made = [group([4.0, 4.1], setting="a"), group([4.0, 4.1], setting="b", first=5)]
    with pytest.raises(ValueError, match="same seeds"):
        noise_of(compare(made, LOSS))


def test_a_close_call_names_what_the_pair_alone_does_not_show() -> None:
    found = study(4.0, 4.5)
    assert close_calls(found, found.groups[0]) == ""
    losses = {
        "calm": (5.00, 4.94, 4.97),
        "noisy": (5.28, 5.28, 5.47),
        "b": (5.52, 5.50, 5.54),
        "c": (6.30, 6.31, 6.35),
        "d": (8.12, 8.13, 8.13),
    }
    compared = compare([group(values, setting=name) for name, values in losses.items()], LOSS)
    assert [one.verdict for one in compared.differences] == 4 * ["worse"]
    assert "would not give that on noisy (p = 0." in close_calls(compared, compared.groups[0])
