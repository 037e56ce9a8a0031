"""Ladders with a planted truth: what the line, its intervals and the test of a bend say of it."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from moetui.core.science.transfer import Found, Missing, Sweep, best_rate, fit, leave_largest_out

SPACING = math.log(2) / 2
SIZES = 32 * 2.0 ** np.arange(6)


def sweep(
    random: np.random.Generator, size: float, star: float, *, sd: float = 0.06, skew: float = 0.0, seeds: int = 3
) -> Sweep:
    """Seven rates about the best one on a grid of factors √2 that all sizes share; `sd` is about that of ln lr*."""
    curvature = 0.35
    noise = 0.9 * sd * 2 * curvature * math.sqrt(10 * seeds) * SPACING
    places = SPACING * (round(star / SPACING) + np.arange(-3, 4))
    u = places - star
    losses = curvature * (u**2 if skew == 0 else 2 * (np.exp(skew * u) - skew * u - 1) / skew**2)
    shared = random.normal(0, 0.05, seeds)
    return Sweep(
        size,
        {
            float(np.exp(place)): {
                seed: float(4 + loss + shared[seed] + random.normal(0, noise)) for seed in range(seeds)
            }
            for place, loss in zip(places, losses, strict=True)
        },
    )


def ladder(
    random: np.random.Generator,
    count: int,
    *,
    exponent: float = -0.3,
    bend: float = 0.0,
    sds: Sequence[float] = (0.06,),
    skew: float = 0.0,
) -> list[Found | Missing]:
    x = np.log(SIZES[: count + 1] / SIZES[0])
    span = x[count - 1]
    stars = -2 + random.uniform(0, SPACING) + exponent * x + bend * (x - span / 2) ** 2 / (2 * span)
    pairs = zip(SIZES[: count + 1], stars, strict=True)
    return [
        best_rate(sweep(random, size, star, sd=sds[at % len(sds)], skew=skew)) for at, (size, star) in enumerate(pairs)
    ]


def known(found: Sequence[Found | Missing]) -> list[Found]:
    return [one for one in found if isinstance(one, Found)]


@pytest.mark.parametrize("count", [4, 5])
@pytest.mark.parametrize(
    ("sds", "skew"),
    [((0.06,), 0.0), ((0.06,), 1.0), ((0.02,), 1.0), ((0.08, 0.035), 0.0)],
    ids=["plain", "skewed", "quiet", "unequal"],
)
@pytest.mark.slow
def test_predictions_cover_and_a_straight_line_is_seldom_called_bent(
    count: int, sds: Sequence[float], skew: float
) -> None:
    random = np.random.default_rng(11)
    covered, slopes, bent = [], [], []
    for _ in range(250):
        found = known(ladder(random, count, sds=sds, skew=skew))
        if len(found) == count + 1:
            line = fit(found[:-1])
            inside = line.at(found[-1].size)
            assert inside.low is not None
            assert inside.high is not None
            assert line.low is not None
            assert line.high is not None
            assert line.bend is not None
            covered.append(inside.low <= found[-1].lr <= inside.high)
            slopes.append(line.low <= -0.3 <= line.high)
            bent.append(line.bend.found)
    assert len(covered) > 235
    error = 3 * math.sqrt(0.05 * 0.95 / len(covered))
    assert 0.935 - error <= np.mean(covered) <= 0.965 + error
    assert 0.935 - error <= np.mean(slopes) <= 0.965 + error
    assert np.mean(bent) <= 0.055 + error


@pytest.mark.parametrize(("count", "bend"), [(4, 0.75), (5, 0.55)])
@pytest.mark.slow
def test_a_bend_is_found_about_as_often_as_is_said(count: int, bend: float) -> None:
    random = np.random.default_rng(12)
    lines = [fit(known(ladder(random, count, bend=bend))[:count]) for _ in range(250)]
    bends = [line.bend for line in lines if line.bend is not None and len(line.found) == count]
    assert np.median([one.detectable for one in bends]) == pytest.approx(bend, rel=0.2)
    assert np.mean([one.found for one in bends]) > 0.65
    assert np.mean([one.change for one in bends]) == pytest.approx(bend, abs=0.08)


def test_a_line_without_noise_is_exact_whatever_the_seeds_share() -> None:
    random = np.random.default_rng(1)
    found = known([best_rate(sweep(random, size, -2 - 0.5 * math.log(size / 32), sd=0.0)) for size in SIZES])
    line = fit(found)
    assert line.exponent == pytest.approx(-0.5, abs=1e-9)
    assert line.at(2048).lr == pytest.approx(math.exp(-2 - 0.5 * math.log(64)))
    held = leave_largest_out(found)
    assert held is not None
    assert held.error == pytest.approx(1)
    assert held.regret == pytest.approx(0, abs=1e-12)


def test_three_sizes_have_the_intervals_of_their_noise_and_half_the_reach() -> None:
    found = known([best_rate(sweep(np.random.default_rng(3), size, -2.0)) for size in SIZES[:3]])
    line = fit(found)
    assert not line.by_scatter
    assert line.bend is None
    assert line.low is not None
    assert line.reach == pytest.approx(128 * 2)
    assert fit(found[:2]).at(64).high is not None


def test_one_seed_of_three_sizes_has_no_interval() -> None:
    found = known([best_rate(sweep(np.random.default_rng(3), size, -2.0, sd=0.01, seeds=1)) for size in SIZES[:3]])
    assert fit(found).low is None
    assert fit(found).at(256).factor is None


def test_seeds_that_only_some_rates_have_move_nothing() -> None:
    random = np.random.default_rng(5)
    whole = sweep(random, 64, -2.0, sd=0.0, seeds=4)
    bias = {0: 0.0, 1: 0.0, 2: 0.8, 3: -0.6}  # of a seed, at every rate
    losses = {
        rate: {seed: loss + bias[seed] for seed, loss in own.items() if seed < 2 or place % 2 == seed % 2}
        for place, (rate, own) in enumerate(whole.losses.items())
    }
    found = best_rate(Sweep(64, losses))
    assert isinstance(found, Found)
    assert found.place == pytest.approx(-2.0, abs=1e-9)
    apart = {rate: {place: own[0]} for place, (rate, own) in enumerate(whole.losses.items())}
    alone = best_rate(Sweep(64, apart))
    assert isinstance(alone, Found)
    assert (alone.variance, alone.noise) == (None, None)


@pytest.mark.parametrize(
    ("losses", "diverged", "words"),
    [
        ({0.1: 3.0, 0.2: 2.0}, (), "a parabola needs three"),
        ({0.1: 1.0, 0.2: 2.0, 0.4: 3.0}, (), "the lowest that was tried, 0.1"),
        ({0.1: 3.0, 0.2: 2.0, 0.4: 1.0}, (0.8,), "the highest that did not diverge, 0.4"),
    ],
)
def test_a_best_rate_that_cannot_be_told_says_why(
    losses: dict[float, float], diverged: tuple[float, ...], words: str
) -> None:
    found = best_rate(Sweep(64, {rate: {1: loss} for rate, loss in losses.items()}, diverged))
    assert isinstance(found, Missing)
    assert words in found.reason
