"""The expected width of an answer, against widths by hand and against studies that are made up."""

import math

import numpy as np
import pytest

from moetui.core.science.splits import (
    CURVATURE,
    EXPONENT,
    NOISE,
    SPACING,
    UNKNOWN,
    Grid,
    Ground,
    Place,
    ground,
    outlook,
    place,
)
from moetui.core.science.student import quantile
from moetui.core.science.transfer import Found, best_rate
from tests.core.science.test_transfer import sweep
from tests.simulations.planned import Planned

SURE = Grid(-2.0, Place(-2.0, 1e-6))


def found(size: float, lr: float, *, sd: float = 0.1, noise: float = 0.02) -> Found:
    return Found(size, math.log(lr), sd**2, 8, 4.0, 0.25, (lr,), noise**2)


def test_one_size_has_the_error_of_a_parabola_through_five_rates() -> None:
    told = outlook(Ground(0.02, 0.25, 1), [1.0], [SURE], rates=5, seeds=1001, goal=None)
    by_hand = 0.02 / math.sqrt(1001) / 0.25 / SPACING * math.sqrt(1 / 40)
    assert told.half == pytest.approx(quantile(4000) * by_hand, rel=1e-3)
    assert told.inside == pytest.approx(1.0)


def test_more_seeds_narrow_and_more_rates_only_make_it_likelier_that_the_best_is_inside() -> None:
    known, vague = Ground(0.02, 0.25, 1), Grid(-2.0, Place(-2.0, 0.5))
    by_seeds = [outlook(known, [1.0], [SURE], rates=7, seeds=seeds, goal=None).half for seeds in (2, 3, 6, 12)]
    assert by_seeds == sorted(by_seeds, reverse=True)
    inside = [outlook(known, [1.0], [vague], rates=rates, seeds=3, goal=None).inside for rates in (5, 7, 9)]
    assert inside == sorted(inside)
    assert inside[0] < 0.8 < inside[2]
    sure = [outlook(known, [1.0], [SURE], rates=rates, seeds=3, goal=None).half for rates in (5, 7, 9)]
    assert sure == pytest.approx([sure[0]] * 3)


def test_a_farther_goal_and_fewer_sizes_widen() -> None:
    known = Ground(0.02, 0.25, 3)
    sizes = [32.0, 64.0, 128.0, 256.0, 512.0]
    halves = [
        outlook(known, sizes[:count], [SURE] * count, rates=7, seeds=3, goal=goal).half
        for count, goal in ((4, 512.0), (4, 2048.0), (5, 2048.0))
    ]
    assert halves[0] < halves[1]
    assert halves[2] < halves[1]


def test_a_best_rate_that_cannot_lie_inside_has_no_width() -> None:
    beyond = Grid(-2.0, Place(3.0, 0.01))
    told = outlook(Ground(), [1.0], [beyond], rates=5, seeds=3, goal=None)
    assert math.isinf(told.half)
    assert told.inside == pytest.approx(0.0)


def test_what_was_seen_stands_for_what_is_not_known() -> None:
    assert ground([]) == Ground(NOISE, CURVATURE, 0)
    two = ground([found(32, 0.1, noise=0.01), found(64, 0.08, noise=0.03)])
    assert (two.curvature, two.sizes) == (0.25, 2)
    assert two.noise == pytest.approx(math.sqrt(0.0005))
    assert place([], 64, -3.0) == Place(-3.0, UNKNOWN)
    one = place([found(32, 0.1)], 64, -3.0)
    assert one.ln_lr == math.log(0.1)
    assert one.unknown == pytest.approx(math.hypot(0.1, EXPONENT * math.log(2)))
    line = place([found(32, 0.1), found(64, 0.05)], 128, -3.0)
    assert math.exp(line.ln_lr) == pytest.approx(0.025)


def test_the_noise_of_a_sweep_is_that_between_its_runs() -> None:
    one = best_rate(sweep(np.random.default_rng(2), 32, -2.0, sd=0.06, seeds=400))
    assert isinstance(one, Found)
    assert one.noise is not None
    assert math.sqrt(one.noise) == pytest.approx(0.9 * 0.06 * 0.7 * math.sqrt(4000) * SPACING, rel=0.1)


@pytest.mark.parametrize("plan", [Planned(sizes=1, rates=5), Planned(sizes=4, rates=7, noise=0.015, told=True)])
def test_expected_and_realized_widths_agree_within_a_quarter(plan: Planned) -> None:
    assert plan(np.random.default_rng(7))["agrees"] == 1.0
